// One simulated keyfob or repeater: the VM with its program, the peripherals on its bus, its radio and its crystal.

import type { SeededRandom } from "../core/random";
import type { Micros, Scheduler, Timer } from "../core/scheduler";
import { HciController } from "../hci/controller";
import type { AdvertisingEvent } from "../hci/pdu";
import { UsbGate } from "../jacdac/gate";
import { JacdacServer } from "../jacdac/server";
import { blankSettingsFlash, type Panic, Vm } from "../vm/vm";
import { Button } from "./button";
import { type ClockError, DeviceClock } from "./clock";
import { FlashService } from "./flashService";
import { HciService } from "./hciService";
import { type Colour, Light } from "./light";
import { blankNorFlash, NorFlash, type NorFlashState, PowerCut } from "./norFlash";

/** The peripherals speak under an id of their own, derived from the device's. */
const PERIPHERAL_ID_MASK = 0x5ca1ab1e_00c0ffeen;
/** Clients drop a device that was silent for two seconds; every announcement wakes the program. */
const ANNOUNCE_EVERY_US = 1_500_000;
/** From a command or a packet in the air to its event at the program: the radio's and the bus' own time. */
const HCI_EVENT_DELAY_US = 1_000;
/** A host expects a device to announce its services twice a second. */
const USB_ANNOUNCE_US = 500_000;
/** Where a frame says which service it is of: 0 announces, 1 to 4 are the peripherals in the order below. */
const SERVICE_INDEX_AT = 13;
const SERVICE_CAUSES: readonly WakeCause[] = ["announcement", "hci", "answer", "button", "answer"];
/** A clock jump is handed to the VM in pieces that its 32-bit microseconds can hold. */
const JUMP_PIECE_US = 1_800e6;

/** What a device keeps without power; it can be saved, sent to another thread, and given to a new device. */
export interface DeviceFlash {
  /** Program and settings. */
  readonly settings: Uint8Array;
  readonly log: NorFlashState;
}

/** Flash of a device fresh from the factory. */
export function blankDeviceFlash(logBytes?: number): DeviceFlash {
  return { settings: blankSettingsFlash(), log: blankNorFlash(logBytes) };
}

export interface DeviceOptions {
  readonly scheduler: Scheduler;
  /** All chance of this device: its randomness, its radio's delays. */
  readonly random: SeededRandom;
  readonly deviceId: bigint;
  readonly flash: DeviceFlash;
  readonly clock?: ClockError;
  readonly txPowerDbm?: number;
  /** Takes each advertising event that goes on the air. */
  readonly onTransmit?: (event: AdvertisingEvent) => void;
  readonly onLog?: (line: string) => void;
  readonly onPanic?: (panic: Panic) => void;
  /** The device was reset: by its program, or by a power cut. */
  readonly onReset?: () => void;
  readonly onLight?: (colour: Colour) => void;
  /** A runtime without firmware/native: all of the device is open to its USB cable. Default false. */
  readonly stockRuntime?: boolean;
  /** Sees every H4 packet between program and controller, both ways (BtsnoopFile.write). */
  readonly onHci?: (packet: Uint8Array) => void;
}

/** What hangs on the device's USB connector. */
export interface UsbPeer {
  /** A frame that the device's gate lets out (usb/gate.ts). */
  frame(frame: Uint8Array): void;
  /** A line of the VM's log. */
  log(line: string): void;
  /** The device was reset, and with it its end of the cable. */
  reset(): void;
}

/**
 * What made the VM run: its timers, an event of the radio, a frame from the USB host, the button, an announcement of the
 * peripherals, or an answer of one of them.
 */
export type WakeCause = "timer" | "hci" | "usb" | "button" | "announcement" | "answer";

/** A running device. Everything happens inside its scheduler. */
export class SimDevice {
  readonly button: Button;
  readonly light: Light;
  readonly log: NorFlash;
  readonly controller: HciController;
  readonly clock: DeviceClock;
  /** How often the VM ran since power-on, by cause; several frames in one moment are one wake-up. */
  readonly wakeUps: Record<WakeCause, number> = { timer: 0, hci: 0, usb: 0, button: 0, announcement: 0, answer: 0 };
  /** The other end of the USB cable, while one is plugged in. */
  usb: UsbPeer | undefined;
  private readonly scheduler: Scheduler;
  private readonly vm: Vm;
  private readonly hci: HciService;
  private readonly peripherals: JacdacServer;
  private readonly gate: UsbGate | undefined;
  private wakeTimer: Timer | undefined;
  private hciTimer: Timer | undefined;
  private announceTimer: Timer | undefined;
  private nextCause: WakeCause = "timer";
  private isOn = true;

  constructor(private readonly options: DeviceOptions) {
    const { scheduler, random, flash } = options;
    this.scheduler = scheduler;
    this.clock = new DeviceClock(() => scheduler.nowUs, options.clock);
    const cutPoints = random.fork("power cuts");
    this.log = new NorFlash(flash.log, () => cutPoints.unit());
    this.button = new Button(scheduler);
    this.light = new Light(options.onLight);
    this.hci = new HciService((packet) => {
      options.onHci?.(packet);
      this.controller.command(packet);
    });
    this.controller = new HciController({
      scheduler,
      random: random.fork("controller"),
      txPowerDbm: options.txPowerDbm ?? 0,
      onEvent: (packet) => this.hciEvent(packet),
      onTransmit: (event) => options.onTransmit?.(event),
    });
    this.gate = options.stockRuntime ? undefined : new UsbGate(options.deviceId);
    const services = [this.hci, new FlashService(this.log), this.button, this.light];
    this.peripherals = new JacdacServer(options.deviceId ^ PERIPHERAL_ID_MASK, services, (frame) =>
      this.toVm(frame, SERVICE_CAUSES[frame[SERVICE_INDEX_AT] as number] ?? "answer"),
    );
    const vmRandom = random.fork("vm");
    this.vm = new Vm({
      deviceId: options.deviceId,
      localMicros: () => this.clock.localMicros(),
      randomBytes: (length) => vmRandom.bytes(length),
      settingsFlash: flash.settings,
      onFrame: (frame) => this.fromVm(frame),
      onLog: (line) => {
        options.onLog?.(line);
        this.usb?.log(line);
      },
      onPanic: options.onPanic,
      onReset: () => this.afterReset(),
    });
    this.announce();
    this.wake(0);
  }

  get deviceId(): bigint {
    return this.options.deviceId;
  }

  /** Flash as it is now; the device goes on changing it. */
  get flash(): DeviceFlash {
    return this.options.flash;
  }

  /** Writes a program into the flash and starts it. @throws Error if the VM refuses it */
  deploy(image: Uint8Array): void {
    this.vm.deploy(image);
    this.wake(0);
  }

  /** A frame from the USB host. The device's gate may drop it; the peripherals it reaches in no case. */
  usbReceive(frame: Uint8Array): void {
    if (this.isOn && (!this.gate || this.gate.admits(frame))) this.toVm(frame, "usb");
  }

  /** Takes the power away: RAM, radio and clock are gone. */
  powerOff(): void {
    this.isOn = false;
    this.stop();
  }

  /** Gives the power back, or takes it away for a moment. */
  powerOn(): void {
    this.stop();
    this.isOn = true;
    this.vm.powerCycle();
    this.afterReset();
  }

  /** Puts the device's clock forward, for instance over a long sleep of its crystal's errors. */
  jumpClock(us: Micros): void {
    for (let left = us; left > 0; left -= JUMP_PIECE_US) {
      this.clock.jump(Math.min(left, JUMP_PIECE_US));
      this.step();
    }
  }

  private stop(): void {
    this.scheduler.cancel(this.wakeTimer);
    this.scheduler.cancel(this.hciTimer);
    this.scheduler.cancel(this.announceTimer);
    this.hciTimer = undefined;
    this.controller.reset();
  }

  private afterReset(): void {
    this.controller.reset();
    this.usb?.reset();
    this.options.onReset?.();
    this.scheduler.cancel(this.announceTimer);
    this.announce();
    this.wake(0);
  }

  private announce(): void {
    this.peripherals.announce();
    this.announceTimer = this.scheduler.after(ANNOUNCE_EVERY_US, () => this.announce());
  }

  private fromVm(frame: Uint8Array): void {
    if (this.peripherals.receive(frame) || !this.usb) return;
    for (const released of this.gate ? this.gate.releases(frame) : [frame]) this.usb.frame(released);
  }

  private toVm(frame: Uint8Array, cause: WakeCause): void {
    this.nextCause = cause;
    this.vm.deliver(frame);
    this.wake(0);
  }

  private hciEvent(packet: Uint8Array): void {
    this.options.onHci?.(packet);
    this.hci.received(packet);
    this.hciTimer ??= this.scheduler.after(HCI_EVENT_DELAY_US, () => {
      this.hciTimer = undefined;
      this.hci.flush();
    });
  }

  private wake(delayUs: Micros): void {
    const atUs = this.scheduler.nowUs + delayUs;
    if (this.wakeTimer?.action && this.wakeTimer.atUs <= atUs) return;
    this.scheduler.cancel(this.wakeTimer);
    this.wakeTimer = this.scheduler.at(atUs, () => this.step());
  }

  private step(): void {
    if (!this.isOn) return;
    this.scheduler.cancel(this.wakeTimer);
    this.wakeTimer = undefined;
    this.wakeUps[this.nextCause]++;
    this.nextCause = "timer";
    try {
      this.wake(this.clock.trueDelay(this.vm.step(this.usb ? USB_ANNOUNCE_US : undefined)));
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.powerOn();
    }
  }
}
