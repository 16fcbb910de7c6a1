import { MAX_AGE_MINUTES } from "../protocol/beacon/sighting";
import { type ChirpTable, NONE } from "./chirpTable";

/** Entries that one call looks at. More in a row that are not live are rare, and then a turn is left out. */
const MAX_LOOKS = 400;

/**
 * Decides whose turn it is to be on the air. Turns go in rounds: each live chirp (age 1 to 10 minutes) has one in every round,
 * at a place drawn anew. A fixed order would be fair too, but its period could fall into step with the period of a
 * wearer's scan windows, and then some chirps would be heard in every window and the others in none.
 */
export class Rounds {
  private readonly table: ChirpTable;
  private readonly random: (below: number) => number;
  /** Entries that take part in this round, and how many of them had their turn. */
  private members: number;
  private done: number;
  /** The k-th turn is that of entry (first + k * stride) modulo members. */
  private first: number;
  private stride: number;
  private startedAtMs: number;

  /** @param random an integer from 0 to below `below`, at most 65,536; nothing secret depends on it */
  constructor(table: ChirpTable, random: (below: number) => number) {
    this.table = table;
    this.random = random;
    this.members = 0;
    this.done = 0;
    this.first = 0;
    this.stride = 1;
    this.startedAtMs = -1e9;
  }

  /**
   * The entry whose turn it is, or NONE if no live chirp is due.
   *
   * @param leastMs a round does not begin earlier than so many milliseconds after the one before
   */
  next(nowMs: number, nowS: number, leastMs: number): number {
    let mayBegin = nowMs - this.startedAtMs >= leastMs;
    let looked = 0;
    while (true) {
      while (this.done < this.members) {
        if (++looked > MAX_LOOKS) return NONE;
        const index = (this.first + this.done * this.stride) % this.members;
        this.done++;
        if (this.isLive(index, nowS)) return index;
      }
      if (!mayBegin) return NONE;
      mayBegin = false;
      this.begin(nowMs);
    }
  }

  private begin(nowMs: number): void {
    this.startedAtMs = nowMs;
    this.table.compact();
    this.members = this.table.size;
    this.done = 0;
    if (this.members === 0) return;
    this.first = this.random(this.members);
    this.stride = 1 + this.random(this.members);
    while (!areCoprime(this.stride, this.members)) this.stride++;
  }

  private isLive(index: number, nowS: number): boolean {
    if (!this.table.holds(index)) return false;
    const age = this.table.ageMinutes(index, nowS);
    return age >= 1 && age <= MAX_AGE_MINUTES;
  }
}

function areCoprime(a: number, b: number): boolean {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x === 1;
}
