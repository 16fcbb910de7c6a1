import { sliceCopy } from "../../protocol/base/bytes";
import { addMatch, hourOfMatch, MATCH_BYTES } from "./matchRecord";

const CHUNK_RECORDS = 16;
const CHUNKS = 28;

/**
 * Matches in memory, 16 bytes each, in small pieces, at most 448 of them: 18 days of living with one infected person.
 * Beyond, a match is added to the last one if it is of the same hour; only then are any left out.
 */
export class MatchList {
  count: number;
  private readonly chunks: Buffer[];

  constructor() {
    this.count = 0;
    this.chunks = [];
  }

  add(record: Buffer): void {
    if (this.count < CHUNKS * CHUNK_RECORDS) {
      if (this.count % CHUNK_RECORDS === 0) this.chunks.push(Buffer.alloc(CHUNK_RECORDS * MATCH_BYTES));
      this.count++;
      this.put(this.count - 1, record);
      return;
    }
    const last = this.get(this.count - 1);
    if (hourOfMatch(last) !== hourOfMatch(record)) return;
    addMatch(last, record);
    this.put(this.count - 1, last);
  }

  /** A copy of the index-th match. */
  get(index: number): Buffer {
    return sliceCopy(
      this.chunks[Math.floor(index / CHUNK_RECORDS)],
      (index % CHUNK_RECORDS) * MATCH_BYTES,
      MATCH_BYTES,
    );
  }

  /** Puts a match before the index-th. */
  insert(index: number, record: Buffer): void {
    const before = this.count;
    this.add(record);
    if (this.count === before) return;
    for (let i = this.count - 1; i > index; i--) this.put(i, this.get(i - 1));
    this.put(index, record);
  }

  /** Overwrites the index-th match. */
  put(index: number, record: Buffer): void {
    this.chunks[Math.floor(index / CHUNK_RECORDS)].set(record, (index % CHUNK_RECORDS) * MATCH_BYTES);
  }
}
