// A CX publisher: takes seed reports in against confirmation codes and puts publications out. Pure logic over a store: no
// network, no files, no clock of its own (docs/cx.md, "A publisher").

import { createHmac, type KeyObject, type X509Certificate } from "node:crypto";
import { FormatError } from "../../../protocol/base/formatError";
import {
  decodePermissionNumber,
  encodePermissionNumber,
  PERMISSION_BYTES,
} from "../../../protocol/report/permissionNumber";
import type { RandomBytes } from "../../base/randomBytes";
import type { PublisherDescriptor } from "../descriptor";
import { keyOfSeed, type Publication, writePublication } from "../publication";
import { type ReportedSeed, readSeedReport } from "../seedReport";
import { sealPublication } from "../signedPublication";
import { deviceEntries, type Entry, seedsSince, showSeeds, zoneEntries, zoneFolder } from "./catalogue";
import { escort, type Move, randomName, welcome } from "./crowd";
import { scheduleOf } from "./schedule";
import { currentStanding, KEPT_DAYS, LEVEL, looksLike, published, standingOf } from "./standing";
import type { CodeRecord, PublisherSession, PublisherStore, RemoteSeed, SeedRecord } from "./store";

export interface PublisherConfig {
  /** The publisher's identity, and the zone of its own. */
  readonly url: string;
  readonly name: string;
  /** What the URLs of its other documents begin with, without a slash at the end. */
  readonly base: string;
  /** All publishers upstream, the nearest first. */
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  readonly peers: readonly string[];
  /** Between two versions. */
  readonly intervalSeconds: number;
}

export interface PublisherKeys {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  /** Codes and keys are kept as hashes under this secret, 32 bytes. */
  readonly secret: Buffer;
}

/** One version of all publications: whole, or not there. */
export interface PublisherVersion {
  /** Unix seconds. */
  readonly publishedAt: number;
  readonly nextUpdateNotBefore: number;
  /** Each at `base` and its path. */
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  /** Seeds whose change waits, because too few others change with them. */
  readonly held: number;
}

/** A code may be used for this long after the day on which it was issued. */
const CODE_DAYS = 14;
const DAY_SECONDS = 86_400;

export class CxPublisher {
  constructor(
    private readonly config: PublisherConfig,
    private readonly keys: PublisherKeys,
    private readonly store: PublisherStore,
    /** Unix seconds. */
    private readonly now: () => number,
    private readonly random: RandomBytes,
  ) {}

  /** The document at the publisher's URL. */
  descriptor(): PublisherDescriptor {
    const { url, name, base, upstream, downstream } = this.config;
    return {
      url,
      cert: this.keys.certificate.toString(),
      name,
      report: `${base}/report`,
      pub: `${base}/pub/full`,
      pubs: this.servedZones().map((zone) => ({ zone, url: `${base}/${zoneFolder(zone)}/full` })),
      ...(upstream[0] === undefined ? {} : { upstream: upstream[0] }),
      ...(downstream.length === 0 ? {} : { downstream: [...downstream] }),
    };
  }

  /**
   * Issues a confirmation code; the answer is the only place where it can be read.
   * @param zones URLs: the publisher's own, ones upstream, and peers
   * @throws RangeError for zones that this publisher does not serve
   */
  async issueCode(provider: string, level: number, zones: readonly string[]): Promise<string> {
    this.expectZones(zones);
    const code = this.random(PERMISSION_BYTES);
    await this.store.transaction(async (session) => {
      const serial = (await session.counter("serial")) + 1;
      await session.setCounter("serial", serial);
      const hash = this.hash("code", code);
      await session.saveCode({ hash, provider, level, zones, serial, day: this.today(), keys: [] });
    });
    return encodePermissionNumber(code);
  }

  /** Changes what the seeds of a code are published as, from the next version on; returns whether the code is known. */
  async setCode(code: string, level: number, zones?: readonly string[]): Promise<boolean> {
    if (zones !== undefined) this.expectZones(zones);
    const hash = this.hashOfCode(code);
    return this.store.transaction(async (session) => {
      const record = hash === undefined ? undefined : await session.code(hash);
      if (record === undefined) return false;
      await session.saveCode({ ...record, level, zones: zones ?? record.zones });
      return true;
    });
  }

  /**
   * Takes a report in, all of it or nothing.
   * @returns "refused" for another publisher's name and for every code that is not good, without a word on why
   * @throws CxError for a report that is malformed, or whose signatures do not hold
   */
  async takeReport(bytes: Buffer): Promise<"accepted" | "refused"> {
    const report = readSeedReport(bytes);
    const hash = this.hashOfCode(report.challenge);
    if (hash === undefined || plain(report.publisherName) !== plain(this.config.name)) return "refused";
    const keys = [...new Set(report.seeds.map(({ publicKey }) => this.hash("key", publicKey)))];
    return this.store.transaction(async (session) => {
      const code = await session.code(hash);
      if (code === undefined || this.today() > code.day + CODE_DAYS) return "refused";
      // Only who holds a key of the first report may add to it: a code that somebody overheard is worth nothing then.
      if (code.keys.length > 0 && !keys.some((key) => code.keys.includes(key))) return "refused";
      await session.saveCode({ ...code, keys: [...new Set([...code.keys, ...keys])] });
      const known = await session.seedsNamed(report.seeds.map(keyOfSeed));
      await session.saveSeeds(this.enter(report.seeds, code, known));
      return "accepted";
    });
  }

  /** Takes up what another publisher published for other publishers. @param publication judged by verdict.ts */
  async takeRemote(url: string, publication: Publication): Promise<void> {
    await this.store.transaction(async (session) => {
      const known = (await session.remotePublications()).find((remote) => remote.url === url);
      const isDelta = publication.excludesPublishedBefore !== undefined;
      const seeds = new Map(
        (isDelta ? (known?.seeds ?? []) : []).map((seed) => [`${seed.generatorType}:${seed.seed}`, seed]),
      );
      for (const { generatorType, seed, alertLevel, use } of publication.seeds) {
        const name = keyOfSeed({ generatorType, seed });
        const { iterations = null, day = null } = use ?? {};
        const remote: RemoteSeed = { generatorType, seed: seed.toString("hex"), level: alertLevel, iterations, day };
        if (alertLevel === LEVEL.expired) seeds.delete(name);
        else seeds.set(name, remote);
      }
      await session.saveRemotePublication({ url, publishedAt: publication.publishedAt, seeds: [...seeds.values()] });
    });
  }

  /** publishedAt of the version of that publication that was taken up last. */
  async recorded(url: string): Promise<number | undefined> {
    return this.store.transaction(
      async (session) => (await session.remotePublications()).find((remote) => remote.url === url)?.publishedAt,
    );
  }

  /** Makes the next version, even if nothing is new: readers must see that it is alive. */
  async publish(): Promise<PublisherVersion> {
    return this.store.transaction(async (session) => {
      const publishedAt = Math.max(this.now(), (await session.counter("publishedAt")) + 1);
      await session.setCounter("publishedAt", publishedAt);
      const held = await this.move(session, publishedAt);
      const seeds = await session.seeds();
      const shown = showSeeds(await session.remotePublications(), await session.shownSeeds(), publishedAt);
      await session.saveShownSeeds(shown);
      const { url, upstream } = this.config;
      const files = [
        ...this.filesOf("pub", url, true, deviceEntries(seeds, [url, ...upstream], shown), publishedAt),
        ...this.servedZones().flatMap((zone) =>
          this.filesOf(zoneFolder(zone), zone, false, zoneEntries(seeds, zone), publishedAt),
        ),
      ];
      return {
        publishedAt,
        nextUpdateNotBefore: scheduleOf(publishedAt, this.config.intervalSeconds).nextUpdateNotBefore,
        files,
        held,
      };
    });
  }

  /** Deletes codes and seeds after 30 days. */
  async sweep(): Promise<void> {
    await this.store.transaction((session) => session.deleteBefore(this.today() - KEPT_DAYS));
  }

  /** Brings every seed to what it should be published as, in company; returns how many must wait. */
  private async move(session: PublisherSession, publishedAt: number): Promise<number> {
    const seeds = await session.seeds();
    const codes = new Map((await session.codes()).map((code) => [code.hash, code]));
    const today = Math.floor(publishedAt / DAY_SECONDS);
    const newcomers: Move[] = [];
    const changes: Move[] = [];
    for (const seed of seeds) {
      const to = standingOf(seed, codes, today);
      if (to === undefined || looksLike(to, currentStanding(seed))) continue;
      if (seed.level !== null) changes.push({ seed, to });
      // What means nothing any more, and was never shown, need not be shown.
      else if (to.level !== LEVEL.noAlert && to.level !== LEVEL.expired) newcomers.push({ seed, to });
    }
    const { moves, held } = escort(seeds, changes);
    const all = [...welcome(newcomers, this.random), ...moves];
    await session.saveSeeds(all.map(({ seed, to }) => published(seed, to, publishedAt)));
    return held;
  }

  private filesOf(folder: string, zone: string, aggregated: boolean, entries: readonly Entry[], publishedAt: number) {
    const { base, intervalSeconds } = this.config;
    const { files, updateNames, nextUpdateNotBefore, nextUpdateNotAfter } = scheduleOf(publishedAt, intervalSeconds);
    return files.map(({ name, excludesPublishedBefore }) => {
      const der = writePublication({
        zone,
        aggregated,
        publishedAt,
        nextUpdateNotBefore,
        nextUpdateNotAfter,
        excludesPublishedBefore,
        seeds: seedsSince(entries, excludesPublishedBefore),
        updateUrls: updateNames.map((update) => `${base}/${folder}/${update}`),
      });
      return { path: `${folder}/${name}`, content: sealPublication(der, this.keys.key, this.keys.certificate) };
    });
  }

  /** Records for a report's seeds: those that are known get the code besides, the others come as one group. */
  private enter(reported: readonly ReportedSeed[], code: CodeRecord, existing: readonly SeedRecord[]): SeedRecord[] {
    const known = new Map(existing.map((seed) => [`${seed.generatorType}:${seed.seed}`, seed]));
    const distinct = [...new Map(reported.map((seed) => [keyOfSeed(seed), seed])).values()];
    const groupSize = distinct.filter((seed) => !known.has(keyOfSeed(seed))).length;
    const group = randomName(this.random);
    return distinct.map((seed) => {
      const record = known.get(keyOfSeed(seed));
      if (record !== undefined) return { ...record, codes: [...new Set([...record.codes, code.hash])] };
      const { iterations = null, day = null } = seed.use ?? {};
      return {
        generatorType: seed.generatorType,
        seed: seed.seed.toString("hex"),
        iterations,
        day,
        group,
        groupSize,
        company: "",
        codes: [code.hash],
        ageDay: code.day,
        level: null,
        since: 0,
        zones: [],
      };
    });
  }

  private servedZones(): string[] {
    const { url, upstream, peers } = this.config;
    return [...new Set([url, ...upstream, ...peers])];
  }

  private expectZones(zones: readonly string[]): void {
    const stranger = zones.find((zone) => !this.servedZones().includes(zone));
    if (stranger !== undefined)
      throw new RangeError(`${stranger} is neither this publisher, nor upstream of it, nor a peer`);
    if (zones.length === 0) throw new RangeError("a code is for at least one zone");
  }

  private hashOfCode(text: string): string | undefined {
    try {
      return this.hash("code", decodePermissionNumber(text));
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  private hash(purpose: string, data: Buffer): string {
    return createHmac("sha256", this.keys.secret).update(`cx ${purpose}`).update("\0").update(data).digest("hex");
  }

  private today(): number {
    return Math.floor(this.now() / DAY_SECONDS);
  }
}

/** A name without what people get wrong when they type it: case, punctuation and space. */
function plain(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\p{P}\p{Z}\p{C}]/gu, "");
}
