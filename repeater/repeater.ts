import type { Advertisement } from "../protocol/beacon/advertisement";
import { MAX_AGE_MINUTES, type RepeatedCodec, type Sighting } from "../protocol/beacon/sighting";
import { ChirpTable, NONE } from "./chirpTable";
import { Rounds } from "./rounds";
import { SeenChirps } from "./seenChirps";

/** A chirp that left the memory is known for so many minutes after its last hearing, and would be armed again only then. */
export const SEEN_MINUTES = 15;
/** Room for 1,024 chirps that left the memory, ten minutes of 100 a minute, in 3 KB. */
const SEEN_SETS = 128;
/** Room for 512 chirps that found no room, so that each counts once. */
const REFUSED_SETS = 64;
const REFUSED_MINUTES = 2;
const MINUTE_S = 60;
const SECOND_MS = 1000;
const NEVER = -1;
/** Entries that one call of `expire` looks at, and removes at most: the VM allows 131,072 steps without a pause. */
const EXPIRE_ENTRIES = 240;
const EXPIRE_REMOVALS = 40;

/** What a deployment chooses. */
export interface RepeaterSettings {
  /** Bluetooth company id of the frames. */
  readonly companyId: number;
  /** The same chirp is sent at most once in so many milliseconds, however few there are. */
  readonly leastIntervalMs: number;
}

/**
 * The memory of a repeater: takes hearings, and says what to send next. Each chirp heard from its wearer is armed once, is on
 * the air at age 1 to 10 minutes counted from its first hearing, and is then overwritten (docs/repeater.md). Time is
 * milliseconds since power-on; it knows no other.
 */
export class Repeater {
  /** Valid frames heard above the floor. */
  heard: number;
  /** Of these, the ones that were no reason to send anything: sent by a repeater, or of a chirp already known. */
  known: number;
  /** Chirps taken in. */
  armed: number;
  /** Chirps that were given up, or not taken in, because there were too many. */
  dropped: number;
  /** Minutes of chirps that were on the air, and that should have been but were not. */
  minutesSent: number;
  minutesMissed: number;

  private readonly table: ChirpTable;
  private readonly seen: SeenChirps;
  private readonly refused: SeenChirps;
  private readonly rounds: Rounds;
  private readonly codec: RepeatedCodec;
  private readonly txPowerDbm: number;
  private settings: RepeaterSettings;
  private droppedAtS: number;
  private expiring: number;

  /**
   * @param capacity most chirps in memory
   * @param codec of the frames that it repeats
   * @param txPowerDbm the repeater's own transmit power, which every frame states: a constant of the product, so that it
   * tells no repeater from another
   * @param random an integer from 0 to below its argument
   */
  constructor(
    capacity: number,
    codec: RepeatedCodec,
    txPowerDbm: number,
    settings: RepeaterSettings,
    random: (below: number) => number,
  ) {
    this.table = new ChirpTable(capacity);
    this.seen = new SeenChirps(SEEN_SETS, SEEN_MINUTES);
    this.refused = new SeenChirps(REFUSED_SETS, REFUSED_MINUTES);
    this.rounds = new Rounds(this.table, random);
    this.codec = codec;
    this.txPowerDbm = txPowerDbm;
    this.settings = settings;
    this.heard = 0;
    this.known = 0;
    this.armed = 0;
    this.dropped = 0;
    this.minutesSent = 0;
    this.minutesMissed = 0;
    this.droppedAtS = NEVER;
    this.expiring = 0;
  }

  configure(settings: RepeaterSettings): void {
    this.settings = settings;
  }

  /** Takes a hearing above the floor. It does not wait. */
  hear(sighting: Sighting, nowMs: number): void {
    const { id, age, rssiDbm } = sighting;
    const nowS = Math.floor(nowMs / SECOND_MS);
    this.heard++;
    const isSeen = this.seen.renew(id, minuteOf(nowS));
    const index = age === 0 ? this.table.find(id) : NONE;
    if (index !== NONE) this.table.strengthen(index, rssiDbm);
    // A repeated chirp that we never heard ourselves is not noted as seen: else whoever is first to send somebody's chirp
    // with an age could keep it off this repeater.
    if (isSeen || index !== NONE || age > 0) this.known++;
    else this.arm(id, rssiDbm, nowS);
  }

  /** What to send in the burst that begins now, or undefined if it is nothing's turn. */
  next(nowMs: number): Advertisement | undefined {
    const nowS = Math.floor(nowMs / SECOND_MS);
    const index = this.rounds.next(nowMs, nowS, this.settings.leastIntervalMs);
    if (index === NONE) return undefined;
    const age = this.table.ageMinutes(index, nowS);
    this.note(index, age);
    return this.codec.encode(this.table.chirp(index), this.txPowerDbm, age, this.settings.companyId);
  }

  /** Overwrites what has had its time; called once a second it comes by everywhere in 5 s, or in half a minute after a flood. */
  expire(nowMs: number): void {
    const nowS = Math.floor(nowMs / SECOND_MS);
    const table = this.table;
    let removals = 0;
    for (let i = Math.min(EXPIRE_ENTRIES, table.size); i > 0 && removals < EXPIRE_REMOVALS; i--) {
      this.expiring = this.expiring + 1 < table.size ? this.expiring + 1 : 0;
      const index = this.expiring;
      if (!table.holds(index) || table.ageMinutes(index, nowS) <= MAX_AGE_MINUTES) continue;
      this.minutesMissed += MAX_AGE_MINUTES - table.sentAge(index);
      this.seen.add(table.chirp(index), minuteOf(nowS));
      table.remove(index);
      removals++;
    }
    this.seen.forgetOld(minuteOf(nowS));
    this.refused.forgetOld(minuteOf(nowS));
  }

  /** Overwrites everything. */
  forget(): void {
    this.table.clear();
    this.seen.clear();
    this.refused.clear();
  }

  /** Chirps in memory. */
  inHand(): number {
    return this.table.count;
  }

  /** Chirps on the air: those in memory that are at least a minute old. */
  live(nowMs: number): number {
    const nowS = Math.floor(nowMs / SECOND_MS);
    return this.table.countOlder(MINUTE_S, nowS) - this.table.countOlder((MAX_AGE_MINUTES + 1) * MINUTE_S, nowS);
  }

  /** Whether a chirp was dropped so recently that it would still be on the air. */
  isOverCapacity(nowMs: number): boolean {
    return this.droppedAtS !== NEVER && Math.floor(nowMs / SECOND_MS) - this.droppedAtS <= MAX_AGE_MINUTES * MINUTE_S;
  }

  private arm(chirp: Buffer, rssiDbm: number, nowS: number): void {
    const minute = minuteOf(nowS);
    const wasRefused = this.refused.forget(chirp, minute);
    if (wasRefused) this.dropped--;
    if (this.table.add(chirp, rssiDbm, nowS)) {
      this.armed++;
      return;
    }
    // One finds no room: the weakest, or else the new one, which may still come back stronger or find room later.
    this.dropped++;
    this.droppedAtS = nowS;
    const weakest = this.table.weakerThan(rssiDbm);
    if (weakest === NONE) {
      this.refused.add(chirp, minute);
      return;
    }
    this.seen.add(this.table.chirp(weakest), minute);
    this.table.replace(weakest, chirp, rssiDbm, nowS);
    this.armed++;
  }

  private note(index: number, age: number): void {
    const sent = this.table.sentAge(index);
    if (age === sent) return;
    this.minutesSent++;
    this.minutesMissed += age - sent - 1;
    this.table.markSent(index, age);
  }
}

function minuteOf(seconds: number): number {
  return Math.floor(seconds / MINUTE_S);
}
