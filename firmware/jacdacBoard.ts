import * as ds from "@devicescript/core";
import type { Board } from "./board";
import { openPartition } from "./flash/jacdacFlash";
import { JacdacHciTransport } from "./hci/jacdacTransport";
import { onPress } from "./roleHooks";
import type { Light } from "./wearer/light";

class JacdacLight implements Light {
  private readonly led: ds.Led;

  constructor() {
    this.led = new ds.Led();
  }

  async show(red: number, green: number, blue: number): Promise<void> {
    if (this.led.isBound) await this.led.pixels.write(Buffer.from([red, green, blue]));
  }
}

/** A board whose radio, flash, button and light are Jacdac services: the simulator's. */
export function jacdacBoard(): Board {
  const button = new ds.Button();
  return {
    radio: new JacdacHciTransport(),
    openFlash: openPartition,
    clockChip: undefined,
    onPress: (handler) => onPress(button, handler),
    light: new JacdacLight(),
  };
}
