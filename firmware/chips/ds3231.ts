import type { ClockChip } from "../board/clockChip";
import { fromCalendar, toCalendar } from "./calendar";
import type { I2cBus } from "./lines";

// Maxim DS3231 datasheet, table 1 (register map).
const ADDRESS = 0x68;
const SECONDS = 0x00;
const CONTROL = 0x0e;
const ANY_WEEKDAY = 1;
/** Registers 00h to 0Fh in one read, so that time and status belong together. */
const ALL_BYTES = 16;
const STATUS = 0x0f;

const CONTROL_OSCILLATOR_OFF = 0x80;
const STATUS_OSCILLATOR_STOPPED = 0x80;

/** DS3231: 2 ppm, temperature compensated. Not yet run on hardware. */
export class Ds3231 implements ClockChip {
  private readonly bus: I2cBus;

  constructor(bus: I2cBus) {
    this.bus = bus;
  }

  async read(): Promise<number | undefined> {
    try {
      const r = await this.bus.writeRead(ADDRESS, Buffer.from([SECONDS]), ALL_BYTES);
      if (r[STATUS] & STATUS_OSCILLATOR_STOPPED || r[CONTROL] & CONTROL_OSCILLATOR_OFF) return undefined;
      // The bits of 12-hour mode (left by another program) and of the century after 2099 make no valid hour and month.
      return fromCalendar(Buffer.from([r[0], r[1], r[2], r[4], r[5], r[6]]));
    } catch (_error) {
      return undefined;
    }
  }

  async set(unixSeconds: number): Promise<boolean> {
    const t = toCalendar(unixSeconds);
    try {
      // The oscillator first: where it was off, the seconds would not begin to count.
      await this.clearBits(CONTROL, CONTROL_OSCILLATOR_OFF);
      await this.bus.write(ADDRESS, Buffer.from([SECONDS, t[0], t[1], t[2], ANY_WEEKDAY, t[3], t[4], t[5]]));
      await this.clearBits(STATUS, STATUS_OSCILLATOR_STOPPED);
      return true;
    } catch (_error) {
      return false;
    }
  }

  private async clearBits(register: number, bits: number): Promise<void> {
    const value = (await this.bus.writeRead(ADDRESS, Buffer.from([register]), 1))[0];
    await this.bus.write(ADDRESS, Buffer.from([register, value & ~bits & 0xff]));
  }
}
