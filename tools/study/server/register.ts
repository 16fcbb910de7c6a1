// What a server holds of each participant, in memory and nowhere else: shares that came in, and shares of the answer.

import { createHash, timingSafeEqual } from "node:crypto";
import { PERMISSION_BYTES } from "../../../protocol/report/permissionNumber";
import type { Shared } from "../engine/engine";
import { sharingFor } from "../engine/engines";
import { type Study, shareBytes } from "../plan/descriptor";

/** In front of a contribution's shares: what tells one attempt from another, and the digest of the token for the answer. */
export const ATTEMPT_BYTES = 16;
export const TOKEN_BYTES = 32;
const DIGEST_BYTES = 32;

/** Bytes of a contribution's body. */
export function contributionBytes(study: Study): number {
  return ATTEMPT_BYTES + DIGEST_BYTES + shareBytes(study).contribution;
}

interface Entry {
  readonly attempt: Buffer;
  readonly tokenDigest: Buffer;
  /** Components side by side. */
  readonly shares: Uint32Array;
}

export function digestOf(secret: Uint8Array): Buffer {
  return createHash("sha256").update(secret).digest();
}

export class Register {
  private readonly places: readonly Buffer[];
  private readonly entries = new Map<number, Entry>();
  private readonly answers = new Map<string, Uint32Array>();
  private isOpen = false;
  private isReleased = false;
  private onFull: (() => void) | undefined;

  constructor(private readonly study: Study) {
    this.places = study.descriptor.places.map((place) => Buffer.from(place, "hex"));
  }

  /** Takes contributions until every place has one, or `untilMs` (Unix time). */
  async collect(untilMs: number, signal: AbortSignal): Promise<void> {
    this.isOpen = true;
    await new Promise<void>((resolve) => {
      // A timer holds 24 days at most; a deadline further away is looked at again.
      const look = (): void => {
        const leftMs = untilMs - Date.now();
        if (leftMs <= 0) resolve();
        else timer = setTimeout(look, Math.min(leftMs, 2 ** 30));
      };
      let timer: NodeJS.Timeout | undefined;
      look();
      this.onFull = resolve;
      signal.addEventListener("abort", () => resolve());
      signal.addEventListener("abort", () => clearTimeout(timer));
      if (this.entries.size === this.places.length) resolve();
    });
    this.isOpen = false;
  }

  /** The place of an invitation number, or undefined. */
  placeOf(invitation: Uint8Array): number | undefined {
    if (invitation.length !== PERMISSION_BYTES) return undefined;
    const digest = digestOf(invitation);
    let [low, high] = [0, this.places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Buffer.compare(this.places[middle] as Buffer, digest) < 0) low = middle + 1;
      else high = middle;
    }
    return this.places[low]?.equals(digest) ? low : undefined;
  }

  /** @returns what became of it: a place is taken by whoever comes first, who may send again */
  add(place: number, body: Buffer): "taken" | "closed" | "added" {
    if (!this.isOpen) return "closed";
    const tokenDigest = Buffer.from(body.subarray(ATTEMPT_BYTES, ATTEMPT_BYTES + DIGEST_BYTES));
    const known = this.entries.get(place);
    if (known && !timingSafeEqual(known.tokenDigest, tokenDigest)) return "taken";
    const shares = new Uint32Array((body.length - ATTEMPT_BYTES - DIGEST_BYTES) / 4);
    new Uint8Array(shares.buffer).set(body.subarray(ATTEMPT_BYTES + DIGEST_BYTES));
    body.fill(0, ATTEMPT_BYTES + DIGEST_BYTES);
    known?.shares.fill(0);
    this.entries.set(place, { attempt: Buffer.from(body.subarray(0, ATTEMPT_BYTES)), tokenDigest, shares });
    if (this.entries.size === this.places.length) this.onFull?.();
    return "added";
  }

  /** Places and attempts, by which servers find whose shares all of them have. */
  received(): [place: number, attempt: string][] {
    return [...this.entries]
      .map(([place, { attempt }]): [number, string] => [place, attempt.toString("hex")])
      .sort(([a], [b]) => a - b);
  }

  /** One component of a place's shares: `words` of them from `begin`. */
  component(place: number, component: number, begin: number, words: number): Uint32Array {
    const { shares } = this.entries.get(place) as Entry;
    const { components } = sharingFor(this.study.descriptor.servers.length);
    const from = (component * shares.length) / components + begin;
    return shares.subarray(from, from + words);
  }

  /** Keeps a participant's shares of the answer, table after table and in each component after component. */
  keepAnswer(place: number, tables: readonly Shared[]): void {
    const { tokenDigest } = this.entries.get(place) as Entry;
    const words = tables.reduce((sum, share) => sum + share.reduce((part, c) => part + c.length, 0), 0);
    const answer = new Uint32Array(words);
    let at = 0;
    for (const component of tables.flat()) {
      answer.set(component, at);
      at += component.length;
    }
    this.answers.set(tokenDigest.toString("hex"), answer);
  }

  /** From now on answers are given out: all servers have computed, and agree. */
  releaseAnswers(): void {
    this.isReleased = true;
  }

  /** The shares of the bearer's answer, or undefined: for whoever is not one, and while there is none. */
  answer(token: Uint8Array): Uint32Array | undefined {
    return this.isReleased ? this.answers.get(digestOf(token).toString("hex")) : undefined;
  }

  /** Forgets an answer that its owner has. @returns whether there was one */
  forget(token: Uint8Array): boolean {
    if (!this.isReleased) return false;
    const name = digestOf(token).toString("hex");
    this.answers.get(name)?.fill(0);
    return this.answers.delete(name);
  }

  get answersLeft(): number {
    return this.answers.size;
  }

  /** Overwrites and forgets what came in. */
  deleteContributions(): void {
    for (const { shares } of this.entries.values()) shares.fill(0);
    this.entries.clear();
  }

  deleteAnswers(): void {
    for (const answer of this.answers.values()) answer.fill(0);
    this.answers.clear();
  }
}
