// What a chip driver needs of a board. The adapters in boardPins.ts, boardSpi.ts and boardI2c.ts meet these with DeviceScript's
// pins, SPI and I2C; tests meet them with chip models, in Node and in the VM, which has none of the three.

/** A pin that the program drives. */
export interface OutputLine {
  set(high: boolean): void;
}

/** A pin that the program reads. */
export interface InputLine {
  isHigh(): boolean;
}

/** The data lines of an SPI bus in mode 0 (CPOL 0, CPHA 0), most significant bit first; chip selects are separate lines. */
export interface SpiBus {
  /** Clocks `bytes` out and returns as many that came in meanwhile. */
  transfer(bytes: Buffer): Promise<Buffer>;
}

/** An I2C bus; addresses are 7-bit. Both operations throw when the chip does not acknowledge. */
export interface I2cBus {
  write(address: number, bytes: Buffer): Promise<void>;
  /** Writes, then reads `length` bytes after a repeated start. */
  writeRead(address: number, bytes: Buffer, length: number): Promise<Buffer>;
}
