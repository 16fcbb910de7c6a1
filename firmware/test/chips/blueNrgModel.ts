import type { InputLine, OutputLine } from "../../chips/lines";
import { ControllerModel } from "./controllerModel";
import type { SpiChip } from "./desk";

const READY = 0x02;
const NOT_READY = 0x00;
const WRITE = 0x0a;
const READ = 0x0b;
const HEADER_BYTES = 5;
const BUFFER_BYTES = 127;
const BOOT_MS = 60;
const RESTART_MS = 8;
const INITIALIZED = [0x04, 0xff, 0x03, 0x01, 0x00, 0x01];

/** A BlueNRG-MS on the SPI bus, byte by byte, as the notes on its protocol describe it. */
export class BlueNrgModel implements SpiChip, InputLine {
  selected = false;
  readonly controller = new ControllerModel();
  /** Not soldered in: MISO undriven, interrupt pulled down. */
  absent = false;
  /** Selections that will find the chip not ready. */
  busySelections = 0;
  /** Free bytes of its write buffer. */
  writeBuffer = BUFFER_BYTES;
  readonly violations: string[] = [];
  /** Shortest time its reset line was held low, ms; -1 before the first time. */
  resetHeldMs = -1;

  private powered = true;
  private nowMs = 0;
  private resetFellAt = 0;
  private bootsAt = BOOT_MS;
  private firstHeaderEmpty = false;
  private fifo: number[] = [];
  private position = 0;
  private operation = 0;
  private header: number[] = [];
  private written: number[] = [];

  constructor() {
    this.controller.needsLinkLayerMode = true;
  }

  /** The reset line, active low. */
  resetLine(): OutputLine {
    return new ResetLine(this);
  }

  setReset(high: boolean): void {
    if (high === this.powered) return;
    this.powered = high;
    if (high) {
      const held = this.nowMs - this.resetFellAt;
      this.resetHeldMs = this.resetHeldMs < 0 ? held : Math.min(held, this.resetHeldMs);
      this.bootIn(BOOT_MS);
    } else {
      this.resetFellAt = this.nowMs;
      this.fifo = [];
      this.bootsAt = 0;
    }
  }

  /** The chip restarts by itself, as after a brown-out of its own. */
  crash(): void {
    this.bootIn(RESTART_MS);
  }

  /** The link layer has something to report. */
  report(event: Buffer): void {
    for (let i = 0; i < event.length; i++) this.fifo.push(event[i]);
  }

  isHigh(): boolean {
    return !this.absent && this.powered && this.bootsAt === 0 && (this.fifo.length > 0 || this.firstHeaderEmpty);
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.bootsAt > 0 && nowMs >= this.bootsAt) {
      this.bootsAt = 0;
      this.controller.boot();
      this.fifo = INITIALIZED.slice(0);
      // The interrupt line is up a moment before the event is in the buffer.
      this.firstHeaderEmpty = true;
    }
    for (const answer of this.controller.answers) this.report(answer);
    this.controller.answers = [];
  }

  select(): void {
    this.position = 0;
    this.operation = 0;
    this.written = [];
    this.header = this.slaveHeader();
  }

  clock(mosi: number): number {
    const at = this.position++;
    if (this.absent) return 0xff;
    if (at < HEADER_BYTES) {
      if (at === 0) this.operation = mosi;
      else if (mosi !== 0) this.violations.push("header bytes 1 to 4 must be 0");
      return this.header[at];
    }
    if (this.header[0] !== READY) {
      this.violations.push("payload although not ready");
      return 0;
    }
    if (this.operation === READ) {
      if (mosi !== 0xff) this.violations.push("reads must clock FF");
      if (this.fifo.length === 0 || at - HEADER_BYTES >= this.header[3]) {
        this.violations.push("read beyond the announced size");
        return 0;
      }
      const byte = this.fifo[0];
      this.fifo = this.fifo.slice(1);
      return byte;
    }
    if (this.operation !== WRITE) this.violations.push("unknown operation");
    if (this.written.length >= this.header[1]) this.violations.push("wrote beyond the buffer");
    this.written.push(mosi);
    return 0;
  }

  deselect(): void {
    if (this.written.length > 0) this.controller.receive(this.written);
    if (this.operation === READ && this.fifo.length === 0 && this.controller.resetAnswered) this.bootIn(RESTART_MS);
  }

  private slaveHeader(): number[] {
    if (!this.powered || this.bootsAt > 0) return [NOT_READY, 0, 0, 0, 0];
    if (this.busySelections > 0) {
      this.busySelections--;
      return [NOT_READY, 0, 0, 0, 0];
    }
    const size = this.firstHeaderEmpty ? 0 : this.fifo.length;
    this.firstHeaderEmpty = false;
    return [READY, this.writeBuffer, 0, size & 0xff, size >> 8];
  }

  private bootIn(ms: number): void {
    this.bootsAt = this.nowMs + ms;
    this.fifo = [];
    this.controller.boot();
  }
}

class ResetLine implements OutputLine {
  private readonly chip: BlueNrgModel;

  constructor(chip: BlueNrgModel) {
    this.chip = chip;
  }

  set(high: boolean): void {
    this.chip.setReset(high);
  }
}
