import * as ds from "@devicescript/core";
import type { Light } from "../board/light";

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
