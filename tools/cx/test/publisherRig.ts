// A publisher in memory, people who report to it, and a device that reads it, as the specification wants each.

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SeededRandom } from "../../sim/core/random";
import { type AlertLevelName, alertLevelName, keyOfSeed } from "../publication";
import { MemoryStore } from "../publisher/memoryStore";
import { CxPublisher, type PublisherConfig, type PublisherVersion } from "../publisher/publisher";
import type { PublisherStore } from "../publisher/store";
import { calculateSeed, type SeedToReport, writeSeedReport } from "../seedReport";
import { judgePublication } from "../verdict";
import { certificateOf, privateKeyOf } from "./fixtures";

/** 2026-11-20 10:20:00 UTC. */
export const START = Date.UTC(2026, 10, 20, 10, 20) / 1000;
export const TODAY = Math.floor(START / 86_400);

export const OWN = "https://nation.example/cx/publisher.json";
export const CERTIFICATE = certificateOf("P256");

export class PublisherRig {
  seconds = START;
  readonly publisher: CxPublisher;
  readonly #random: SeededRandom;
  readonly #key: KeyObject;
  readonly #spki: Buffer;

  constructor(config: Partial<PublisherConfig> = {}, store: PublisherStore = new MemoryStore(), seed = "publisher") {
    this.#random = new SeededRandom(seed);
    const pair = generateKeyPairSync("ed25519");
    this.#key = pair.privateKey;
    this.#spki = pair.publicKey.export({ format: "der", type: "spki" });
    const url = config.url ?? OWN;
    this.publisher = new CxPublisher(
      {
        url,
        name: "Ministry of Health, Nation",
        base: new URL(".", url).href.slice(0, -1),
        upstream: [],
        downstream: [],
        peers: [],
        intervalSeconds: 3000,
        ...config,
      },
      { key: privateKeyOf("P256"), certificate: CERTIFICATE, secret: Buffer.alloc(32, 9) },
      store,
      () => this.seconds,
      (length) => this.bytes(length),
    );
  }

  bytes(length: number): Buffer {
    return Buffer.from(this.#random.bytes(length));
  }

  /** Seeds of the last `days` days, or one long one without a day. */
  seeds(days: number, isLong = false): SeedToReport[] {
    return Array.from({ length: days }, (_, i) => ({
      generatorType: 1,
      preseed: this.bytes(24),
      publicKey: this.#spki,
      privateKey: this.#key,
      ...(isLong ? {} : { use: { iterations: i === 0 ? 40 : 96, day: TODAY - i } }),
    }));
  }

  report(code: string, seeds: readonly SeedToReport[], publisherName = "Ministry of Health, Nation"): Promise<string> {
    return this.publisher.takeReport(writeSeedReport(publisherName, code, seeds));
  }

  /** Publishes an hour after the last time. */
  async publishNext(): Promise<PublisherVersion> {
    this.seconds += 3600;
    return this.publisher.publish();
  }
}

export function seedNames(seeds: readonly SeedToReport[]): string[] {
  return seeds.map(({ generatorType, preseed, publicKey }) =>
    keyOfSeed({ generatorType, seed: calculateSeed(generatorType, preseed, publicKey) }),
  );
}

/** A device that tries update URLs in turn, and then the full publication. */
export class Observer {
  recorded: number | undefined;
  readonly levels = new Map<string, AlertLevelName>();
  #next: readonly string[] = [];
  /** Paths of the files that were taken, and their bytes. */
  readonly taken: { path: string; bytes: number }[] = [];

  constructor(
    private readonly zone = OWN,
    private readonly folder = "pub",
    private readonly as: "observer" | "publisher" = "observer",
  ) {}

  read({ files, publishedAt }: PublisherVersion, now = publishedAt + 60): void {
    for (const path of [...this.#next, `${this.folder}/full`]) {
      const file = files.find((candidate) => candidate.path === path);
      if (file !== undefined && this.#take(path, file.content, now)) return;
    }
    throw new Error("not even the full publication was good");
  }

  #take(path: string, content: Buffer, now: number): boolean {
    const situation = { as: this.as, certificate: CERTIFICATE, zone: this.zone, recorded: this.recorded, now };
    try {
      const { publication } = judgePublication(content, situation);
      if (publication.excludesPublishedBefore === undefined) this.levels.clear();
      for (const seed of publication.seeds) this.levels.set(keyOfSeed(seed), alertLevelName(seed.alertLevel));
      this.recorded = publication.publishedAt;
      this.#next = publication.updateUrls.map((url) => url.slice(url.indexOf(this.folder)));
      this.taken.push({ path, bytes: content.length });
      return true;
    } catch {
      return false;
    }
  }
}
