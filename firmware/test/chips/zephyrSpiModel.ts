import type { InputLine, OutputLine } from "../../chips/lines";
import { ControllerModel } from "./controllerModel";
import type { SpiChip } from "./desk";

const READY = 0x02;
const SANITY = 0x02;
const WRITE = 0x0a;
const READ = 0x0b;
const HEADER_BYTES = 5;
const BOOT_MS = 40;
const BOOTED = [0x04, 0xff, 0x02, 0x01, 0x00];

/** A Nordic board running Zephyr's hci_spi: a header in one selection, the payload in the next. */
export class ZephyrSpiModel implements SpiChip, InputLine, OutputLine {
  selected = false;
  readonly controller = new ControllerModel();
  absent = false;
  /** Header selections that find the SPI peripheral not armed. */
  busyHeaders = 0;
  /** Payload selections that find it not armed: all bytes read as 0, and the packet stays. */
  busyPayloads = 0;
  readonly violations: string[] = [];

  private powered = true;
  private nowMs = 0;
  private bootsAt = BOOT_MS;
  private packets: number[][] = [];
  /** What the header of the last selection asked for: 0 means that the next selection is a header. */
  private operation = 0;
  private position = 0;
  private header: number[] = [];
  private received: number[] = [];
  private armed = true;

  /** The reset line, active low. */
  set(high: boolean): void {
    if (high && !this.powered) this.bootsAt = this.nowMs + BOOT_MS;
    this.powered = high;
    this.packets = [];
    this.operation = 0;
  }

  crash(): void {
    this.bootsAt = this.nowMs + BOOT_MS;
    this.packets = [];
    this.operation = 0;
    this.controller.boot();
  }

  report(event: Buffer): void {
    const bytes: number[] = [];
    for (let i = 0; i < event.length; i++) bytes.push(event[i]);
    this.packets.push(bytes);
  }

  isHigh(): boolean {
    return this.isUp() && this.packets.length > 0;
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.powered && this.bootsAt > 0 && nowMs >= this.bootsAt) {
      this.bootsAt = 0;
      this.controller.boot();
      this.packets = [BOOTED.slice(0)];
    }
    for (const answer of this.controller.answers) this.report(answer);
    this.controller.answers = [];
  }

  select(): void {
    this.position = 0;
    this.received = [];
    this.armed = true;
    if (this.operation === 0) {
      if (this.busyHeaders > 0) {
        this.busyHeaders--;
        this.armed = false;
      }
      const length = this.packets.length > 0 ? this.packets[0].length : 0;
      this.header = [READY, SANITY, 0, length, 0];
    } else if (this.busyPayloads > 0) {
      this.busyPayloads--;
      this.armed = false;
    }
  }

  clock(mosi: number): number {
    const at = this.position++;
    if (!this.isUp()) return 0xff;
    this.received.push(mosi);
    if (!this.armed) return 0;
    if (this.operation === 0) return at < HEADER_BYTES ? this.header[at] : 0;
    if (this.operation === READ)
      return this.packets.length > 0 && at < this.packets[0].length ? this.packets[0][at] : 0;
    return 0;
  }

  deselect(): void {
    if (!this.isUp() || !this.armed || this.received.length === 0) return;
    if (this.operation === 0) this.headerDone();
    else this.payloadDone();
  }

  private headerDone(): void {
    const asked = this.received[0];
    if (this.received.length !== HEADER_BYTES) this.violations.push("a header of other than 5 bytes");
    if (asked === READ) {
      // Nothing to say: the host asks again.
      if (this.header[3] > 0) this.operation = READ;
    } else if (asked === WRITE) this.operation = WRITE;
    else this.violations.push("unknown operation");
  }

  private payloadDone(): void {
    if (this.operation === READ) {
      if (this.received.length !== this.packets[0].length) this.violations.push("read other than the announced size");
      this.packets = this.packets.slice(1);
    } else this.controller.receive(this.received);
    this.operation = 0;
  }

  private isUp(): boolean {
    return !this.absent && this.powered && this.bootsAt === 0;
  }
}
