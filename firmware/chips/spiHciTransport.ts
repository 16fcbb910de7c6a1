import { sliceCopy } from "../../protocol/base/bytes";
import { getU16 } from "../base/littleEndian";
import type { Timer } from "../base/timer";
import type { HciTransport } from "../board/hciTransport";
import { HciStream } from "./hciStream";
import type { InputLine, OutputLine } from "./lines";
import type { SpiHciDialect } from "./spiHciDialect";

const COMMAND = 0x01;
const COMMAND_HEADER_BYTES = 4;
const EVENT_COMMAND_COMPLETE = 0x0e;
const EVENT_COMMAND_STATUS = 0x0f;
const EVENT_VENDOR = 0xff;
const OPCODE_RESET = 0x0c03;

/** Vendor event code of a boot, low byte first: BlueNRG adds a reason byte, Zephyr does not. */
const BOOTED = 0x0001;

/** HCI Hardware Error (Core specification vol 4 part E 7.7.16): what a host knows as "reset me". The code is ours. */
const HARDWARE_ERROR_REBOOTED = [0x04, 0x10, 0x01, 0xfb];

const QUEUE_MAX = 32;
const READS_PER_POLL = 16;
const BOOT_POLL_MS = 2;

/** Where the chip is on its way to taking commands. */
enum Phase {
  /** The boot event is awaited. */
  Booting = 0,
  /** The answer to the dialect's first command is awaited. */
  Preparing = 1,
  Running = 2,
}

/**
 * Bluetooth controller on an SPI bus: reset line, interrupt line, pacing, and what happens when the chip restarts. Errors
 * of the chip never throw: it then stays silent, which the HCI host must notice anyway, and `counters` say what went wrong.
 */
export class SpiHciTransport implements HciTransport {
  /** What went wrong since power-on. */
  readonly counters = {
    /** Times the chip restarted without being told to. */
    reboots: 0,
    /** Transactions that the chip did not answer. */
    failures: 0,
    /** Bytes that began no H4 packet. */
    garbage: 0,
  };

  private phase = Phase.Running;
  /** The next boot event is the consequence of a reset and no surprise. */
  private bootExpected = true;
  private credits = 1;
  private queue: Buffer[] = [];
  private readonly stream = new HciStream();
  private polling = false;
  private handler: ((packets: Buffer) => void) | undefined;
  private readonly dialect: SpiHciDialect;
  private readonly interrupt: InputLine;
  private readonly reset: OutputLine | undefined;
  private readonly timer: Timer;

  /**
   * @param interrupt high while the chip has something to say
   * @param reset active low; without it, `resetHardware` only forgets what was queued
   */
  constructor(dialect: SpiHciDialect, interrupt: InputLine, reset: OutputLine | undefined, timer: Timer) {
    this.dialect = dialect;
    this.interrupt = interrupt;
    this.reset = reset;
    this.timer = timer;
    if (reset !== undefined) {
      reset.set(true);
      this.phase = Phase.Booting;
    }
  }

  onEvents(handler: (packets: Buffer) => void): void {
    this.handler = handler;
  }

  /** @throws RangeError if `packets` are not whole commands or more than 32 wait already */
  async send(packets: Buffer): Promise<void> {
    let at = 0;
    const commands: Buffer[] = [];
    while (at < packets.length) {
      const length = COMMAND_HEADER_BYTES + packets[at + 3];
      if (packets[at] !== COMMAND || !(at + length <= packets.length))
        throw new RangeError(`no whole HCI command at offset ${at}`);
      commands.push(sliceCopy(packets, at, length));
      at += length;
    }
    if (this.queue.length + commands.length > QUEUE_MAX) throw new RangeError("too many HCI commands wait");
    for (const command of commands) this.queue.push(command);
    await this.poll();
  }

  /** Returns when the chip has booted and takes commands, or has failed to in its time. */
  async resetHardware(): Promise<void> {
    this.queue = [];
    this.credits = 1;
    this.stream.clear();
    if (this.reset === undefined) {
      this.phase = Phase.Running;
      return;
    }
    this.phase = Phase.Booting;
    this.bootExpected = true;
    this.reset.set(false);
    await this.timer.sleep(this.dialect.resetLowMs);
    this.reset.set(true);
    const start = this.timer.millis();
    while (!this.isRunning() && this.timer.millis() - start < this.dialect.bootMs) {
      await this.poll();
      await this.timer.sleep(BOOT_POLL_MS);
    }
  }

  /** Whether the chip has booted and takes commands. */
  isRunning(): boolean {
    return this.phase === Phase.Running;
  }

  /** Reads what the chip has to say and writes what it may take; a fiber of the board calls it every few milliseconds. */
  async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    try {
      for (let i = 0; i < READS_PER_POLL && this.interrupt.isHigh(); i++) {
        this.stream.push(await this.dialect.read());
        for (let packet = this.stream.next(); packet; packet = this.stream.next()) await this.receive(packet);
        this.counters.garbage = this.stream.garbage;
      }
      while (this.isRunning() && this.credits > 0 && this.queue.length > 0) await this.writeNext();
    } catch (_error) {
      this.counters.failures++;
    } finally {
      this.polling = false;
    }
  }

  private async writeNext(): Promise<void> {
    const command = this.queue[0];
    this.queue = this.queue.slice(1);
    this.credits--;
    if (this.dialect.restartsOnHciReset && getU16(command, 1) === OPCODE_RESET) {
      // What is queued behind it must wait for the boot event, not only for the answer.
      this.phase = Phase.Booting;
      this.bootExpected = true;
    }
    await this.dialect.write(command);
  }

  private async receive(event: Buffer): Promise<void> {
    const code = event[1];
    if (code === EVENT_VENDOR && event.length >= 5 && getU16(event, 3) === BOOTED) {
      await this.booted();
      return;
    }
    if (code === EVENT_COMMAND_COMPLETE && event.length >= 6) {
      this.credits = event[3];
      if (this.answersPreparation(getU16(event, 4))) return;
    } else if (code === EVENT_COMMAND_STATUS && event.length >= 7) {
      this.credits = event[4];
      if (this.answersPreparation(getU16(event, 5))) return;
    }
    if (this.handler !== undefined) this.handler(event);
  }

  private async booted(): Promise<void> {
    const surprise = !this.bootExpected;
    this.bootExpected = false;
    this.credits = 1;
    if (surprise) {
      this.counters.reboots++;
      this.queue = [];
      if (this.handler !== undefined) this.handler(Buffer.from(HARDWARE_ERROR_REBOOTED));
    }
    if (this.dialect.afterBoot === undefined) {
      this.phase = Phase.Running;
      return;
    }
    this.phase = Phase.Preparing;
    this.credits = 0;
    await this.dialect.write(this.dialect.afterBoot);
  }

  private answersPreparation(opcode: number): boolean {
    if (this.phase !== Phase.Preparing || this.dialect.afterBoot === undefined) return false;
    if (opcode !== getU16(this.dialect.afterBoot, 1)) return false;
    this.phase = Phase.Running;
    return true;
  }
}
