// How worker threads share one air: at the end of a window each writes what its devices sent into shared memory, waits for the
// others, and reads theirs. Windows in which nobody has anything to do are skipped by all (world.ts).

import type { Transmission } from "../air/air";
import type { Micros } from "../core/scheduler";
import type { ReportType } from "../hci/pdu";
import type { Meeting } from "../world/world";

const DATA_BYTES = 31;
/** start f64 | radio i32 | type, address is random, channels, power | address 6 | data length | data 31 | 2 unused */
const RECORD_BYTES = 56;
/** Most advertising events of one thread in one window: more than 400 repeaters could send. */
const RECORDS = 8192;
/** idle-until f64 | window's end f64 | count i32 | unused i32 | records */
const SLOT_HEADER_BYTES = 24;
const SLOT_BYTES = SLOT_HEADER_BYTES + RECORDS * RECORD_BYTES;
/** Two slots a thread, used in turn, so that nobody overwrites what others still read. */
const PARITIES = 2;
const CONTROL_WORDS = 16;
const ARRIVED = 0;
const GENERATION = 1;
const ABORTED = 2;
const SPINS = 300;
const PATIENCE_MS = 1000;

/** Shared memory for a number of threads. */
export function createExchange(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_WORDS * 4 + threads * PARITIES * SLOT_BYTES);
}

/** Makes every thread that waits, or comes to wait, fail: one of them is gone. */
export function abortExchange(shared: SharedArrayBuffer): void {
  const control = new Int32Array(shared, 0, CONTROL_WORDS);
  Atomics.store(control, ABORTED, 1);
  Atomics.notify(control, GENERATION);
}

/** One thread's end of the exchange. */
export class Exchange {
  private readonly control: Int32Array;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private parity = 0;

  constructor(
    shared: SharedArrayBuffer,
    private readonly thread: number,
    private readonly threads: number,
  ) {
    this.control = new Int32Array(shared, 0, CONTROL_WORDS);
    this.view = new DataView(shared);
    this.bytes = new Uint8Array(shared);
  }

  /** Gives what this thread's devices sent up to `windowEndUs`, waits for all, and takes what everybody sent (unsorted). */
  swap(sent: readonly Transmission[], idleUntilUs: Micros, windowEndUs: Micros): Meeting {
    const base = this.slot(this.thread);
    if (sent.length > RECORDS) throw new RangeError(`${sent.length} transmissions in one window`);
    this.view.setFloat64(base, idleUntilUs);
    this.view.setFloat64(base + 8, windowEndUs);
    this.view.setInt32(base + 16, sent.length);
    sent.forEach((transmission, i) => {
      this.write(base + SLOT_HEADER_BYTES + i * RECORD_BYTES, transmission);
    });
    this.barrier();
    const all: Transmission[] = [];
    let [firstUs, secondUs, first, latestEndUs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, windowEndUs];
    for (let thread = 0; thread < this.threads; thread++) {
      const other = this.slot(thread);
      const idleUs = this.view.getFloat64(other);
      if (idleUs < firstUs) [firstUs, secondUs, first] = [idleUs, firstUs, thread];
      else secondUs = Math.min(secondUs, idleUs);
      latestEndUs = Math.max(latestEndUs, this.view.getFloat64(other + 8));
      const count = this.view.getInt32(other + 16);
      for (let i = 0; i < count; i++)
        all.push(
          thread === this.thread ? (sent[i] as Transmission) : this.read(other + SLOT_HEADER_BYTES + i * RECORD_BYTES),
        );
    }
    this.parity = 1 - this.parity;
    return { sent: all, windowEndUs: latestEndUs, firstUs, secondUs, isFirst: first === this.thread };
  }

  private slot(thread: number): number {
    return CONTROL_WORDS * 4 + (thread * PARITIES + this.parity) * SLOT_BYTES;
  }

  /** Waits until every thread is here. */
  private barrier(): void {
    const generation = Atomics.load(this.control, GENERATION);
    if (Atomics.add(this.control, ARRIVED, 1) === this.threads - 1) {
      Atomics.store(this.control, ARRIVED, 0);
      Atomics.add(this.control, GENERATION, 1);
      Atomics.notify(this.control, GENERATION);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(this.control, GENERATION) !== generation) return;
    while (Atomics.load(this.control, GENERATION) === generation) {
      if (Atomics.load(this.control, ABORTED) !== 0) throw new Error("another thread of the simulation failed");
      Atomics.wait(this.control, GENERATION, generation, PATIENCE_MS);
    }
  }

  private write(at: number, { startUs, radio, pdu, channelMap, txPowerDbm }: Transmission): void {
    this.view.setFloat64(at, startUs);
    this.view.setInt32(at + 8, radio);
    this.bytes[at + 12] = pdu.type;
    this.bytes[at + 13] = pdu.isAddressRandom ? 1 : 0;
    this.bytes[at + 14] = channelMap;
    this.view.setInt8(at + 15, txPowerDbm);
    this.bytes.set(pdu.address, at + 16);
    this.bytes[at + 22] = pdu.data.length;
    this.bytes.set(pdu.data, at + 23);
  }

  private read(at: number): Transmission {
    const length = Math.min(DATA_BYTES, this.bytes[at + 22] as number);
    return {
      startUs: this.view.getFloat64(at),
      radio: this.view.getInt32(at + 8),
      channelMap: this.bytes[at + 14] as number,
      txPowerDbm: this.view.getInt8(at + 15),
      pdu: {
        type: this.bytes[at + 12] as ReportType,
        isAddressRandom: this.bytes[at + 13] === 1,
        address: this.bytes.slice(at + 16, at + 22),
        data: this.bytes.slice(at + 23, at + 23 + length),
      },
    };
  }
}
