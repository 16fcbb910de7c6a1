import * as ds from "@devicescript/core";
import type { Board, ButtonInput } from "../board";
import type { FlashStore } from "../flash/flashStore";
import { JacdacFlash } from "../flash/jacdacFlash";
import type { HciTransport } from "../hci/transport";
import type { Light } from "../wearer/light";
import type { ClockChip } from "./clockChip";
import type { OutputLine } from "./lines";
import type { SpiHciTransport } from "./spiHciTransport";

const RADIO_POLL_MS = 5;
const FLASH_TIMEOUT_MS = 10000;
const BATTERY_UNKNOWN = 255;

/** A board put together from what boards.json says is soldered to it; tools/boards/entry.ts writes the program that does. */
export class WiredBoard implements Board {
  readonly radio: HciTransport;
  readonly clockChip: ClockChip | undefined;
  readonly button: ButtonInput;
  readonly light: Light;
  private readonly open: () => Promise<FlashStore>;

  constructor(
    radio: HciTransport,
    open: () => Promise<FlashStore>,
    clockChip: ClockChip | undefined,
    button: ds.Button,
    light: Light,
  ) {
    this.radio = radio;
    this.open = open;
    this.clockChip = clockChip;
    this.button = new ButtonRole(button);
    this.light = light;
  }

  async openFlash(): Promise<FlashStore> {
    return await this.open();
  }

  batteryPercent(): number {
    return BATTERY_UNKNOWN;
  }
}

class ButtonRole implements ButtonInput {
  private readonly button: ds.Button;

  constructor(button: ds.Button) {
    this.button = button;
  }

  onPress(handler: (heldMs: number) => void): void {
    this.button.up.subscribe(async (heldMs) => {
      handler(heldMs);
    });
  }
}

/** The board's own status light. */
export class StatusLight implements Light {
  private readonly control: ds.Control;

  constructor() {
    this.control = new ds.Control("control[int:0]"); // the device's own, not one on the bus
  }

  async show(red: number, green: number, blue: number): Promise<void> {
    await this.control.setStatusLight(red, green, blue, 0);
  }
}

/** An LED at a pin. */
export class PinLight implements Light {
  private readonly line: OutputLine;
  private readonly activeHigh: boolean;

  constructor(line: OutputLine, activeHigh: boolean) {
    this.line = line;
    this.activeHigh = activeHigh;
    line.set(!activeHigh);
  }

  async show(red: number, green: number, blue: number): Promise<void> {
    const on = (red | green | blue) !== 0;
    this.line.set(on === this.activeHigh);
  }
}

/** The partition behind the native component's flash-store service. */
export async function openPartition(): Promise<FlashStore> {
  const flash = new JacdacFlash();
  await flash.connect(FLASH_TIMEOUT_MS);
  return flash;
}

/** Serves a radio module for as long as the program runs. */
export function servePolling(transport: SpiHciTransport): void {
  const loop = async () => {
    while (true) {
      await transport.poll();
      await ds.sleep(RADIO_POLL_MS);
    }
  };
  loop.start();
}
