import type { Advertisement } from "../../protocol/beacon/advertisement";
import type { Timer } from "../base/timer";
import type { HciTransport } from "../board/hciTransport";
import { type AdvertisingReport, type EventReceiver, readEvents } from "./events";
import {
  command,
  joinPackets,
  leSetAdvData,
  leSetAdvEnable,
  leSetAdvParameters,
  leSetEventMask,
  leSetRandomAddress,
  leSetScanEnable,
  leSetScanParameters,
  OP_LE_READ_BUFFER_SIZE,
  OP_LE_READ_FEATURES,
  OP_READ_LOCAL_VERSION,
  OP_RESET,
  setEventMask,
} from "./packets";

/** How the radio advertises and scans. */
export interface RadioSettings {
  /** Between two transmissions of the same chirp, ms. */
  readonly chirpIntervalMs: number;
  /** The receiver is on for `scanWindowMs` out of every `scanIntervalMs`. */
  readonly scanIntervalMs: number;
  readonly scanWindowMs: number;
}

/** A controller that leaves a command unanswered for so long is taken for dead. */
const ANSWER_MS = 2000;
const POLL_MS = 10;
const FIRST_BACKOFF_MS = 1000;
/** The pause doubles up to 64 s. */
const MAX_DOUBLINGS = 6;
/** So many events that make no sense, without a reset between them, and the controller is reset. */
const GARBAGE_LIMIT = 20;

/**
 * The Bluetooth host: brings a controller up, sends a new address and data each minute, listens in between, and starts
 * over with growing pauses when the controller refuses a command, falls silent or talks nonsense. Only this folder knows
 * Bluetooth commands; everyone else hands in advertisements and gets reports.
 */
export class HciHost implements EventReceiver {
  /** Times that the controller had to be started again. */
  resets: number;
  /** Commands that the controller refused. */
  errors: number;
  /** Events that could not be understood. */
  garbageEvents: number;

  private readonly transport: HciTransport;
  private readonly timer: Timer;
  private readonly onAdvertisement: (report: AdvertisingReport) => void;
  private settings: RadioSettings;
  private settingsChanged: boolean;

  private running: boolean;
  private starting: boolean;
  private failed: boolean;
  private garbageSinceReset: number;
  private failures: number;
  private nextAttemptAt: number;

  private unanswered: number;
  private lastAnswerAt: number;

  private wanted: Advertisement | undefined;
  private listening: boolean;
  private advertising: boolean;
  private scanning: boolean;

  constructor(
    transport: HciTransport,
    timer: Timer,
    settings: RadioSettings,
    onAdvertisement: (report: AdvertisingReport) => void,
  ) {
    this.transport = transport;
    this.timer = timer;
    this.settings = settings;
    this.onAdvertisement = onAdvertisement;
    this.resets = 0;
    this.errors = 0;
    this.garbageEvents = 0;
    this.settingsChanged = true;
    this.running = false;
    this.starting = false;
    this.failures = 0;
    this.nextAttemptAt = 0;
    this.listening = false;
    this.failed = false;
    this.garbageSinceReset = 0;
    this.unanswered = 0;
    this.lastAnswerAt = 0;
    this.advertising = false;
    this.scanning = false;
    const self = this; // the DeviceScript compiler has no `this` in arrow functions
    transport.onEvents((packets) => readEvents(packets, self));
  }

  /** Whether the controller is started and answers. */
  isUp(): boolean {
    return this.running && !this.failed;
  }

  /** Whether it advertises something. */
  isAdvertising(): boolean {
    return this.isUp() && this.wanted !== undefined;
  }

  /** Takes over new intervals with the next `turn`. */
  configure(settings: RadioSettings): void {
    this.settings = settings;
    this.settingsChanged = true;
  }

  /**
   * Advertises `advertisement` (undefined: nothing) from now on, and listens. Address, data and enable travel in one
   * transport packet; the address may only change while neither advertising nor scanning is on (vol 4 part E 7.8.4).
   */
  async turn(advertisement: Advertisement | undefined): Promise<void> {
    this.wanted = advertisement;
    this.listening = true;
    if (this.isUp()) await this.apply();
  }

  /** Stops advertising and listening. */
  async silence(): Promise<void> {
    this.wanted = undefined;
    this.listening = false;
    if (this.isUp()) await this.apply();
  }

  /** Notices a controller in trouble and starts it again. To be called about once a second; not twice at a time. */
  async supervise(): Promise<void> {
    const now = this.timer.millis();
    if (this.unanswered > 0 && now - this.lastAnswerAt > ANSWER_MS) this.failed = true;
    if (this.isUp() || now < this.nextAttemptAt) return;
    if (this.running || this.failures > 0) this.resets++;
    this.running = await this.start();
    if (this.running) {
      this.failures = 0;
      if (this.listening) await this.apply();
      return;
    }
    this.nextAttemptAt = this.timer.millis() + (FIRST_BACKOFF_MS << Math.min(this.failures, MAX_DOUBLINGS));
    this.failures++;
  }

  commandDone(opcode: number, status: number): void {
    if (opcode === 0) return; // a command credit without a command
    this.lastAnswerAt = this.timer.millis();
    if (this.unanswered > 0) this.unanswered--;
    if (opcode === OP_RESET && !this.starting) this.failed = true;
    if (status === 0) return;
    this.errors++;
    this.failed = true;
  }

  advertisement(report: AdvertisingReport): void {
    if (this.isUp() && this.listening) this.onAdvertisement(report);
  }

  controllerLost(): void {
    if (!this.starting) this.failed = true; // while starting, a boot event is what a reset brings
  }

  garbage(): void {
    this.garbageEvents++;
    this.garbageSinceReset++;
    if (this.garbageSinceReset >= GARBAGE_LIMIT) this.failed = true;
  }

  private async start(): Promise<boolean> {
    this.starting = true;
    this.failed = false;
    this.garbageSinceReset = 0;
    this.unanswered = 0;
    this.lastAnswerAt = this.timer.millis();
    this.advertising = false;
    this.scanning = false;
    this.settingsChanged = true;
    let alive = false;
    try {
      await this.transport.resetHardware();
      alive =
        (await this.ask([command(OP_RESET, 0)])) &&
        (await this.ask([
          setEventMask(),
          leSetEventMask(),
          command(OP_READ_LOCAL_VERSION, 0),
          command(OP_LE_READ_BUFFER_SIZE, 0),
          command(OP_LE_READ_FEATURES, 0),
        ]));
    } catch (_error) {
      alive = false; // the way to the controller is broken: the same cure
    }
    this.starting = false;
    return alive;
  }

  /** Sends commands and waits until all are answered well. */
  private async ask(commands: Buffer[]): Promise<boolean> {
    await this.transmit(commands);
    const deadline = this.timer.millis() + ANSWER_MS;
    while (this.unanswered > 0 && !this.failed && this.timer.millis() < deadline) await this.timer.sleep(POLL_MS);
    return this.unanswered === 0 && !this.failed;
  }

  private async apply(): Promise<void> {
    const commands: Buffer[] = [];
    if (this.scanning) commands.push(leSetScanEnable(false));
    if (this.advertising) commands.push(leSetAdvEnable(false));
    if (this.settingsChanged) {
      commands.push(leSetScanParameters(this.settings.scanIntervalMs, this.settings.scanWindowMs));
      commands.push(leSetAdvParameters(this.settings.chirpIntervalMs));
    }
    const wanted = this.wanted;
    if (wanted) {
      commands.push(leSetRandomAddress(wanted.advA));
      commands.push(leSetAdvData(wanted.advData));
      commands.push(leSetAdvEnable(true));
    }
    if (this.listening) commands.push(leSetScanEnable(true));
    this.settingsChanged = false;
    this.advertising = wanted !== undefined;
    this.scanning = this.listening;
    try {
      await this.transmit(commands);
    } catch (_error) {
      this.failed = true;
    }
  }

  private async transmit(commands: Buffer[]): Promise<void> {
    if (commands.length === 0) return;
    if (this.unanswered === 0) this.lastAnswerAt = this.timer.millis();
    this.unanswered += commands.length;
    await this.transport.send(joinPackets(commands));
  }
}
