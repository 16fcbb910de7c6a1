import { compareBytes, copyBytes, readI8, readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import { type Beacon, isLasting, MAX_ID_BYTES, type Sighting } from "../../protocol/beacon/sighting";
import { MAX_NIBBLE, type RowMetadata } from "../../protocol/log/contactRow";

/** An identifier that leaves the table: what its row is made of. */
export interface HeardId {
  readonly kind: Beacon;
  /** 16 to 28 bytes, the receiver's to wipe. */
  readonly id: Buffer;
  readonly originMinute: number;
  readonly metadata: RowMetadata;
}

/** Most identifiers in hand at once. */
export const TABLE_IDS = 112;

/** The identifier, zeros after it, and then its kind (two bits) and length. */
const KEY_AT = MAX_ID_BYTES;
const KIND_SHIFT = 6;
const LENGTH_BITS = 0x3f;
const ORIGIN_AT = KEY_AT + 1;
const RSSI_AT = ORIGIN_AT + 4;
const TX_POWER_AT = RSSI_AT + 1;
const DELAY_AT = TX_POWER_AT + 1;
const HEARINGS_AT = DELAY_AT + 1;
/** Minutes from the origin minute to the latest one that counts in `hearings`; 0 if the identifier is no lasting one. */
const LATEST_AT = HEARINGS_AT + 1;
const ENTRY_BYTES = LATEST_AT + 1;
/** The byte of an identifier by which it is found: the last one that all kinds have. */
const FOUND_BY = 15;

/** After so many minutes the wearer of a chirp has gone on to the next one, even if the minutes of the two clocks differ. */
const DIRECT_MINUTES = 2;
/** After so many minutes no repeater may send a chirp any more (age 10 at most, clocks as above). */
const REPEATED_MINUTES = 12;
/** After so many minutes a lasting identifier that is still heard begins another row. */
const ROW_MINUTES = MAX_NIBBLE;
/** So long, in minutes after its origin minute, may a chirp be on the air; its row is written by then. */
export const MAX_HOLD_MINUTES = 13;

/**
 * The identifiers heard in the last minutes, each with its strongest hearing: fixed memory, 4 KB, however many there are. Once
 * a minute `release` hands out those that are complete. When the table is full a new one pushes one out before its time:
 * one whose minute is over if there is any, else, in a flood, a random one among those heard once, so that neighbours who
 * are really there (heard again and again) stay.
 */
export class NeighbourTable {
  /** Identifiers in hand. */
  count: number;
  private readonly random: (below: number) => number;
  private readonly entries: Buffer;
  /** One byte of each identifier, where the VM's own code looks for it. */
  private readonly foundBy: Buffer;
  /** Where the search for an entry whose minute is over goes on, and the minute in which it found none. */
  private hand: number;
  private noneOverIn: number;
  private searched: number;

  /** @param random an integer from 0 to below `below`; it decides who stays in a flood, nothing secret */
  constructor(random: (below: number) => number) {
    this.random = random;
    this.entries = Buffer.alloc(TABLE_IDS * ENTRY_BYTES);
    this.foundBy = Buffer.alloc(TABLE_IDS);
    this.count = 0;
    this.hand = 0;
    this.noneOverIn = -1;
    this.searched = 0;
  }

  /**
   * Adds a hearing to an identifier in hand. A direct one overrules what came with an age, and is overruled by none
   * (docs/protocol.md, "Contact row").
   *
   * @returns false if the identifier is not in hand
   */
  update(sighting: Sighting): boolean {
    const { kind, id, age, rssiDbm } = sighting;
    const entries = this.entries;
    let index = this.foundBy.indexOf(id[FOUND_BY]);
    while (index >= 0 && index < this.count) {
      const at = index * ENTRY_BYTES;
      if (entries[at + KEY_AT] === keyOf(kind, id) && compareBytes(entries, at, id, 0, id.length) === 0) {
        const isDirect = entries[at + DELAY_AT] === 0;
        if (isDirect && age > 0) return true;
        if (!isDirect && age === 0) {
          this.begin(at, sighting, 1);
          return true;
        }
        if (rssiDbm > readI8(entries, at + RSSI_AT)) entries[at + RSSI_AT] = rssiDbm & 0xff;
        if (isLasting(kind)) {
          const minutes = sighting.originMinute - readU32(entries, at + ORIGIN_AT);
          if (minutes <= entries[at + LATEST_AT]) return true;
          entries[at + LATEST_AT] = minutes;
        }
        if (entries[at + HEARINGS_AT] < MAX_NIBBLE) entries[at + HEARINGS_AT] = entries[at + HEARINGS_AT] + 1;
        return true;
      }
      index = this.foundBy.indexOf(id[FOUND_BY], index + 1);
    }
    return false;
  }

  /**
   * Takes in an identifier that is not in hand.
   *
   * @param hearings how often it has been heard, this time included
   * @returns the one that had to make room, if any
   */
  insert(sighting: Sighting, hearings: number): HeardId | undefined {
    const { kind, id, originMinute, age } = sighting;
    let pushedOut: HeardId | undefined;
    if (this.count >= TABLE_IDS) pushedOut = this.take(this.choose(originMinute + age));
    const index = this.count++;
    const at = index * ENTRY_BYTES;
    this.entries.set(id, at);
    this.entries[at + KEY_AT] = keyOf(kind, id);
    this.foundBy[index] = id[FOUND_BY];
    this.begin(at, sighting, hearings);
    return pushedOut;
  }

  /**
   * Hands out one identifier that is complete in `nowMinute`. To be called until there is none (undefined); other calls may come
   * in between, since the search goes on where it stopped.
   */
  release(nowMinute: number): HeardId | undefined {
    const entries = this.entries;
    while (this.searched < this.count) {
      const at = this.searched * ENTRY_BYTES;
      const hold = entries[at + LATEST_AT] + (entries[at + DELAY_AT] === 0 ? DIRECT_MINUTES : REPEATED_MINUTES);
      const minutes = nowMinute - readU32(entries, at + ORIGIN_AT);
      if (minutes >= Math.min(hold, ROW_MINUTES) || minutes < 0) return this.take(this.searched);
      this.searched++;
    }
    this.searched = 0;
    return undefined;
  }

  /** Sets all that is known of the identifier at `at` to its first hearing. */
  private begin(at: number, sighting: Sighting, hearings: number): void {
    const entries = this.entries;
    writeU32(entries, at + ORIGIN_AT, sighting.originMinute);
    entries[at + RSSI_AT] = sighting.rssiDbm & 0xff;
    entries[at + TX_POWER_AT] = sighting.txPowerDbm & 0xff;
    entries[at + DELAY_AT] = sighting.age;
    entries[at + HEARINGS_AT] = isLasting(sighting.kind) ? 1 : hearings;
    entries[at + LATEST_AT] = 0;
  }

  private choose(nowMinute: number): number {
    if (this.noneOverIn !== nowMinute) {
      for (let i = 0; i < TABLE_IDS; i++) {
        const index = (this.hand + i) % TABLE_IDS;
        const at = index * ENTRY_BYTES;
        const latest = this.entries[at + DELAY_AT] + this.entries[at + LATEST_AT];
        if (readU32(this.entries, at + ORIGIN_AT) + latest < nowMinute) {
          this.hand = index;
          return index;
        }
      }
      this.noneOverIn = nowMinute;
    }
    let index = this.random(TABLE_IDS);
    for (let tries = 0; tries < 16 && this.entries[index * ENTRY_BYTES + HEARINGS_AT] > 1; tries++)
      index = this.random(TABLE_IDS);
    return index;
  }

  /** Takes an entry out and wipes it; the last entry moves to its place. */
  private take(index: number): HeardId {
    const entries = this.entries;
    const at = index * ENTRY_BYTES;
    const key = entries[at + KEY_AT];
    const taken: HeardId = {
      kind: key >> KIND_SHIFT,
      id: sliceCopy(entries, at, key & LENGTH_BITS),
      originMinute: readU32(entries, at + ORIGIN_AT),
      metadata: {
        maxRssi: readI8(entries, at + RSSI_AT),
        txPower: readI8(entries, at + TX_POWER_AT),
        delay: entries[at + DELAY_AT],
        hearings: entries[at + HEARINGS_AT],
      },
    };
    const last = this.count - 1;
    copyBytes(entries, at, entries, last * ENTRY_BYTES, ENTRY_BYTES);
    this.foundBy[index] = this.foundBy[last];
    entries.set(Buffer.alloc(ENTRY_BYTES), last * ENTRY_BYTES);
    this.count = last;
    return taken;
  }
}

function keyOf(kind: Beacon, id: Buffer): number {
  return (kind << KIND_SHIFT) | id.length;
}
