import * as ds from "@devicescript/core";
import type { I2cBus } from "./lines";

/** The runtime's own I2C function: @devicescript/i2c wraps it in code that a keyfob has no room for. */
type I2cNatives = typeof ds & {
  _i2cTransaction(address: number, tx: Buffer, rx?: Buffer): Promise<number>;
};

/** The board's I2C controller, on the pins that DeviceScript's board definition names. Throws in the simulator's VM. */
export class BoardI2c implements I2cBus {
  async write(address: number, bytes: Buffer): Promise<void> {
    if ((await (ds as I2cNatives)._i2cTransaction(address, bytes)) !== 0) throw new Error("no acknowledge on I2C");
  }

  async writeRead(address: number, bytes: Buffer, length: number): Promise<Buffer> {
    const received = Buffer.alloc(length);
    if ((await (ds as I2cNatives)._i2cTransaction(address, bytes, received)) !== 0)
      throw new Error("no acknowledge on I2C");
    return received;
  }
}
