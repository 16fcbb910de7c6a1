import type { I2cBus } from "../../chips/lines";

/** A register file behind an I2C address: an address pointer that moves on by itself, as both clock chips have. */
class RegisterChip implements I2cBus {
  absent = false;
  readonly registers: number[] = [];
  private readonly address: number;
  private pointer = 0;

  constructor(address: number, count: number) {
    this.address = address;
    for (let i = 0; i < count; i++) this.registers.push(0);
  }

  async write(address: number, bytes: Buffer): Promise<void> {
    this.acknowledge(address);
    this.pointer = bytes[0];
    for (let i = 1; i < bytes.length; i++) {
      this.registers[this.pointer] = bytes[i];
      this.pointer = (this.pointer + 1) % this.registers.length;
    }
  }

  async writeRead(address: number, bytes: Buffer, length: number): Promise<Buffer> {
    await this.write(address, bytes);
    const result = Buffer.alloc(length);
    for (let i = 0; i < length; i++) result[i] = this.registers[(this.pointer + i) % this.registers.length];
    return result;
  }

  private acknowledge(address: number): void {
    if (this.absent || address !== this.address) throw new Error("I2C address not acknowledged");
  }
}

/** The seconds of both chips, which carry at 60; what lies above them is covered by tests of single moments. */
function tick(registers: number[], secondsAt: number): void {
  const flag = registers[secondsAt] & 0x80;
  const bcd = registers[secondsAt] & 0x7f;
  const seconds = (bcd >> 4) * 10 + (bcd & 0x0f) + 1;
  registers[secondsAt] = flag | (Math.floor(seconds / 10) << 4) | (seconds % 10);
}

/** DS3231 after its first power-up: 1 January 2000, oscillator-stop flag set. */
export class Ds3231Model extends RegisterChip {
  constructor() {
    super(0x68, 19);
    this.registers[3] = 1;
    this.registers[4] = 1;
    this.registers[5] = 1;
    this.registers[0x0e] = 0x1c;
    this.registers[0x0f] = 0x88;
  }

  /** One second passes, if the oscillator runs. */
  second(): void {
    if (!(this.registers[0x0e] & 0x80)) tick(this.registers, 0);
  }

  /** Battery and supply were gone. */
  loseBattery(): void {
    this.registers[0x0f] |= 0x80;
  }
}

/** PCF8563 after its first power-up: VL set, registers undefined. */
export class Pcf8563Model extends RegisterChip {
  constructor() {
    super(0x51, 16);
    this.registers[2] = 0x80;
    this.registers[5] = 0xff;
  }

  second(): void {
    if (!(this.registers[0] & 0x20)) tick(this.registers, 2);
  }

  loseBattery(): void {
    this.registers[2] |= 0x80;
  }
}
