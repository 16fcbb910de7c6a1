import * as ds from "@devicescript/core";
import type { Light } from "../wearer/light";
import type { OutputLine } from "./lines";

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
