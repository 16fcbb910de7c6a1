import type { Light } from "../board/light";
import type { OutputLine } from "./lines";

/** A single LED at a pin: on for any colour but black. */
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
