import * as ds from "@devicescript/core";
import type { Board, ButtonInput } from "./board";
import type { FlashStore } from "./flash/flashStore";
import { JacdacFlash } from "./flash/jacdacFlash";
import { JacdacHciTransport } from "./hci/jacdacTransport";
import type { HciTransport } from "./hci/transport";
import type { Light } from "./wearer/light";

const FLASH_TIMEOUT_MS = 10000;
const BATTERY_UNKNOWN = 255;

class JacdacButton implements ButtonInput {
  private readonly button: ds.Button;

  constructor() {
    this.button = new ds.Button();
  }

  onPress(handler: (heldMs: number) => void): void {
    this.button.up.subscribe(async (heldMs) => {
      handler(heldMs);
    });
  }
}

class JacdacLight implements Light {
  private readonly led: ds.Led;

  constructor() {
    this.led = new ds.Led();
  }

  async show(red: number, green: number, blue: number): Promise<void> {
    if (this.led.isBound) await this.led.pixels.write(Buffer.from([red, green, blue]));
  }
}

/** A board whose radio, flash, button and light are Jacdac services: the simulator, and the ESP32 with the native component. */
export class JacdacBoard implements Board {
  readonly radio: HciTransport;
  readonly clockChip: undefined;
  readonly button: ButtonInput;
  readonly light: Light;
  private readonly flash: JacdacFlash;

  constructor() {
    this.radio = new JacdacHciTransport();
    this.button = new JacdacButton();
    this.light = new JacdacLight();
    this.flash = new JacdacFlash();
  }

  async openFlash(): Promise<FlashStore> {
    await this.flash.connect(FLASH_TIMEOUT_MS);
    return this.flash;
  }

  batteryPercent(): number {
    return BATTERY_UNKNOWN;
  }
}
