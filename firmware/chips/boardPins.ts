import * as ds from "@devicescript/core";
import type { InputLine, OutputLine } from "./lines";

// DeviceScript's pins as the chip drivers see them. Pins throw in the VM that runs in the simulator; there the
// drivers meet chip models instead.

// What a pin can do. @devicescript/gpio declares the same, but importing it brings code that polls every pin.
declare module "@devicescript/core" {
  interface PinBase {
    setMode(mode: ds.GPIOMode): void;
  }
  interface InputPin {
    value: number;
  }
}

/** A pin that is driven, high at first. */
export class PinOutput implements OutputLine {
  private readonly pin: ds.OutputPin;

  constructor(pin: ds.OutputPin) {
    this.pin = pin;
    this.set(true);
  }

  set(high: boolean): void {
    this.pin.setMode(high ? ds.GPIOMode.OutputHigh : ds.GPIOMode.OutputLow);
  }
}

/** A pin that is read; pulled down, so that a line from a module that is not there reads low. */
export class PinInput implements InputLine {
  private readonly pin: ds.InputPin;

  constructor(pin: ds.InputPin) {
    this.pin = pin;
    pin.setMode(ds.GPIOMode.InputPullDown);
  }

  isHigh(): boolean {
    return this.pin.value === 1;
  }
}
