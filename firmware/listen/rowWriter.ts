import { copyBytes, readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import type { RowSink } from "./listener";

/** Where finished rows go: the contact log, or a test's stand-in. */
export interface RowStore {
  append(hour: number, rows: Buffer): Promise<void>;
}

/** Rows that may wait for the flash. */
const CAPACITY = 64;
const ENTRY_BYTES = 4 + ROW_BYTES;
/** Rows in one append: what a group of the log takes. */
const BATCH_ROWS = 16;

/** Holds sealed rows until the flash has taken them, hour by hour; what an error leaves is tried again at the next drain. */
export class RowWriter implements RowSink {
  /** Rows waiting. */
  waiting: number;
  /** Appends that failed. */
  errors: number;
  private store: RowStore | undefined;
  private readonly queue: Buffer;
  private draining: boolean;

  constructor() {
    this.queue = Buffer.alloc(CAPACITY * ENTRY_BYTES);
    this.waiting = 0;
    this.errors = 0;
    this.draining = false;
  }

  /** Names the store; until then rows wait. */
  connect(store: RowStore): void {
    this.store = store;
  }

  put(hour: number, row: Buffer, spare: number): boolean {
    if (this.waiting + spare >= CAPACITY) return false;
    const at = this.waiting * ENTRY_BYTES;
    writeU32(this.queue, at, hour);
    this.queue.set(row, at + 4);
    this.waiting++;
    return true;
  }

  /** Writes all waiting rows. @returns whether none is left */
  async drain(): Promise<boolean> {
    const store = this.store;
    if (this.draining || !store) return false;
    this.draining = true;
    let works = true;
    while (works && this.waiting > 0) works = await this.writeBatch(store);
    this.draining = false;
    return this.waiting === 0;
  }

  /** Writes up to 16 rows of the hour that waits longest. More rows may come in at the end of the queue meanwhile. */
  private async writeBatch(store: RowStore): Promise<boolean> {
    const hour = readU32(this.queue, 0);
    const rows = Buffer.alloc(BATCH_ROWS * ROW_BYTES);
    let count = 0;
    while (count < BATCH_ROWS && count < this.waiting && readU32(this.queue, count * ENTRY_BYTES) === hour) {
      copyBytes(rows, count * ROW_BYTES, this.queue, count * ENTRY_BYTES + 4, ROW_BYTES);
      count++;
    }
    try {
      await store.append(hour, sliceCopy(rows, 0, count * ROW_BYTES));
    } catch (_error) {
      this.errors++;
      return false;
    }
    const left = (this.waiting - count) * ENTRY_BYTES;
    copyBytes(this.queue, 0, this.queue, count * ENTRY_BYTES, left);
    this.waiting -= count;
    return true;
  }
}
