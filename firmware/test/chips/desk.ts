// The desk on which the chip models lie: virtual time, one SPI bus, and a list of everything that a real bus would have
// suffered in silence. In the subset of TypeScript that Node and the DeviceScript VM both run.

import type { Timer } from "../../base/timer";
import { Turn } from "../../base/turn";
import type { OutputLine, SpiBus } from "../../chips/lines";

/** A chip on the desk's SPI bus. */
export interface SpiChip {
  selected: boolean;
  /** The select line fell. */
  select(): void;
  /** One byte each way while selected. */
  clock(mosi: number): number;
  /** The select line rose. */
  deselect(): void;
  /** Time has passed. */
  advance(nowMs: number): void;
}

/** What real concurrency needs of Node or of the VM. */
export interface Scheduler {
  /** Starts a fiber. */
  start(fiber: () => Promise<void>): void;
  /** Lets other fibers run, without passing any of the desk's time. */
  yieldNow(): Promise<void>;
}

const UNDRIVEN = 0xff;

export class Desk implements SpiBus, Timer {
  /** What no driver may do, in words. */
  readonly violations: string[] = [];
  /** Bytes clocked so far. */
  clocked = 0;
  private readonly chips: SpiChip[] = [];
  private readonly scheduler: Scheduler;
  private nowMs = 0;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  /** What the chips on the bus take turns by. */
  turn(): Turn {
    const self = this;
    return new Turn(async () => await self.sleep(1));
  }

  /** Puts a chip on the bus and returns its select line. */
  place(chip: SpiChip): OutputLine {
    this.chips.push(chip);
    return new SelectLine(chip, this.chips, this.violations);
  }

  async transfer(bytes: Buffer): Promise<Buffer> {
    // Another fiber gets its chance in the middle of every transaction.
    await this.scheduler.yieldNow();
    const result = Buffer.alloc(bytes.length);
    let selected: SpiChip | undefined;
    for (const chip of this.chips) if (chip.selected) selected = chip;
    if (selected === undefined) this.violations.push("a transfer with no chip selected");
    for (let i = 0; i < bytes.length; i++) result[i] = selected === undefined ? UNDRIVEN : selected.clock(bytes[i]);
    this.clocked += bytes.length;
    return result;
  }

  millis(): number {
    return this.nowMs;
  }

  async sleep(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const chip of this.chips) chip.advance(this.nowMs);
    await this.scheduler.yieldNow();
  }
}

class SelectLine implements OutputLine {
  private readonly chip: SpiChip;
  private readonly all: SpiChip[];
  private readonly violations: string[];

  constructor(chip: SpiChip, all: SpiChip[], violations: string[]) {
    this.chip = chip;
    this.all = all;
    this.violations = violations;
  }

  set(high: boolean): void {
    if (high === !this.chip.selected) return;
    this.chip.selected = !high;
    if (high) {
      this.chip.deselect();
      return;
    }
    for (const other of this.all) if (other !== this.chip && other.selected) this.violations.push("two chips selected");
    this.chip.select();
  }
}
