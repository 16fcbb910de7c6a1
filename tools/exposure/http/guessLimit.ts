import { createHmac, randomBytes } from "node:crypto";
import { pause } from "../../base/timers";
import { customerOf } from "../../daemon/http/addressBlock";

const BUCKETS = 4096;
const PERIOD_MS = 60_000;

/** How long each request of a slowed bucket waits, and how many do so at a time: two tries a second. */
const LANE_MS = 2_000;
const LANE_PLACES = 4;

/** Of what an address may guess in a minute, the share that one number may be refused, from wherever, before it is put off. */
const SHARE_OF_NUMBER = 1 / 3;
const MAX_NUMBERS = 10_000;

/** What may be done with a request: checked now, or answered 429. */
type Admission = "now" | "later";

/** A request that has begun; it counts until it has ended, because those that are held open will all be tries. */
interface Attempt {
  /** Asks, when the body is there, whether the number may be checked; takes two seconds for whoever had too many refused. */
  admit(number: Buffer | undefined): Promise<Admission>;
  /** Ends it. @param wasRefused whether its number was not good */
  end(wasRefused: boolean): void;
}

/**
 * Slows down whoever sends one wrong permission number after another, without shutting out those who share an address, as
 * behind a NAT or a Tor exit: beyond the limit the requests of a bucket are checked a few at a time. What is kept, for a minute, are
 * counts in 4,096 buckets, chosen by a hash with a key that is thrown away with them; a bucket stands for millions of addresses.
 * The same goes for numbers, so that one that was refused again and again costs no more statements.
 */
export class GuessLimit {
  private refused = new Uint32Array(BUCKETS);
  private open = new Uint32Array(BUCKETS);
  private readonly inLane = new Uint32Array(BUCKETS);
  private numbers = new Map<string, number>();
  private readonly addressKey = randomBytes(32);
  private numberKey = randomBytes(32);
  private periodStart: number;

  /**
   * @param perMinute refusals that a bucket may collect in a minute
   * @param nowMs a monotonic clock in milliseconds
   */
  constructor(
    private readonly perMinute: number,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly wait: (ms: number) => Promise<void> = pause,
  ) {
    this.periodStart = nowMs();
  }

  /** Counts a request from its first byte on. */
  begin(address: string): Attempt {
    const bucket = this.bucket(address);
    const { open } = this;
    add(open, bucket, 1);
    let hasEnded = false;
    return {
      admit: (number) => this.admit(bucket, number),
      end: (wasRefused) => {
        if (hasEnded) return;
        hasEnded = true;
        add(open, bucket, -1);
        if (wasRefused) {
          this.turnOver();
          add(this.refused, bucket, 1);
        }
      },
    };
  }

  /** Notes that a number was not good. */
  noteNumber(number: Buffer): void {
    this.turnOver();
    const name = this.nameOf(number);
    if (this.numbers.has(name) || this.numbers.size < MAX_NUMBERS)
      this.numbers.set(name, (this.numbers.get(name) ?? 0) + 1);
  }

  /** Seconds until the counts are forgotten. */
  waitSeconds(): number {
    return Math.max(1, Math.ceil((this.periodStart + PERIOD_MS - this.nowMs()) / 1000));
  }

  private async admit(bucket: number, number: Buffer | undefined): Promise<Admission> {
    this.turnOver();
    if (number !== undefined && (this.numbers.get(this.nameOf(number)) ?? 0) >= this.perMinute * SHARE_OF_NUMBER)
      return "later";
    // The request itself is one of those that are open.
    if ((this.refused[bucket] ?? 0) + (this.open[bucket] ?? 0) <= this.perMinute) return "now";
    if ((this.inLane[bucket] ?? 0) >= LANE_PLACES) return "later";
    add(this.inLane, bucket, 1);
    await this.wait(LANE_MS);
    add(this.inLane, bucket, -1);
    return "now";
  }

  private turnOver(): void {
    if (this.nowMs() - this.periodStart < PERIOD_MS) return;
    this.periodStart = this.nowMs();
    this.refused = new Uint32Array(BUCKETS);
    this.numbers = new Map();
    this.numberKey = randomBytes(32);
  }

  private bucket(address: string): number {
    return createHmac("sha256", this.addressKey).update(customerOf(address)).digest().readUInt32BE(0) % BUCKETS;
  }

  private nameOf(number: Buffer): string {
    return createHmac("sha256", this.numberKey).update(number).digest("base64");
  }
}

function add(counts: Uint32Array, bucket: number, change: number): void {
  counts[bucket] = (counts[bucket] ?? 0) + change;
}
