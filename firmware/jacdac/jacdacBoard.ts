import * as ds from "@devicescript/core";
import type { Board } from "../board/board";
import type { Light } from "../board/light";
import { openPartition } from "./jacdacFlash";
import { JacdacHciTransport } from "./jacdacTransport";
import { onPress } from "./roleHooks";

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
    radioJob: undefined,
    openFlash: openPartition,
    clockChip: undefined,
    onPress: (handler) => onPress(button, handler),
    light: new JacdacLight(),
  };
}
