import { createHmac, randomBytes } from "node:crypto";

const BUCKETS = 4096;
const PERIOD_MS = 60_000;

/**
 * Slows down whoever sends one wrong permission number after another, without keeping anybody's address: what is kept,
 * for a minute, is a count in one of 4,096 buckets, chosen by a hash with a key that is thrown away with the counts. A
 * bucket stands for a million addresses as well as for one.
 */
export class GuessLimit {
  private counts = new Uint32Array(BUCKETS);
  private key = randomBytes(32);
  private periodStart: number;

  /**
   * @param perMinute refusals that a bucket may collect in a minute
   * @param nowMs a monotonic clock in milliseconds
   */
  constructor(
    private readonly perMinute: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.periodStart = nowMs();
  }

  /** Seconds until the next try, or 0 if it may be made now. */
  waitSeconds(address: string): number {
    this.turnOver();
    if ((this.counts[this.bucket(address)] ?? 0) < this.perMinute) return 0;
    return Math.max(1, Math.ceil((this.periodStart + PERIOD_MS - this.nowMs()) / 1000));
  }

  /** Notes a refusal. */
  note(address: string): void {
    this.turnOver();
    const bucket = this.bucket(address);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  private turnOver(): void {
    if (this.nowMs() - this.periodStart < PERIOD_MS) return;
    this.periodStart = this.nowMs();
    this.counts = new Uint32Array(BUCKETS);
    this.key = randomBytes(32);
  }

  /** One bucket for an IPv4 address, one for the 2^64 addresses that a single IPv6 line has. */
  private bucket(address: string): number {
    const network = address.includes(".") ? address : address.split(":").slice(0, 4).join(":");
    return createHmac("sha256", this.key).update(network).digest().readUInt32BE(0) % BUCKETS;
  }
}
