import { fromBcd, fromCalendar, toBcd, toCalendar } from "./calendar";
import type { ClockChip } from "./clockChip";
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
/** The chip was left in 12-hour mode by another program; setting it brings it back. */
const HOURS_12 = 0x40;

/** DS3231: 2 ppm, temperature compensated. Not yet run on hardware. */
export class Ds3231 implements ClockChip {
  private readonly bus: I2cBus;

  constructor(bus: I2cBus) {
    this.bus = bus;
  }

  async read(): Promise<number | undefined> {
    try {
      const r = await this.bus.writeRead(ADDRESS, Buffer.from([SECONDS]), ALL_BYTES);
      if (r[STATUS] & STATUS_OSCILLATOR_STOPPED || r[CONTROL] & CONTROL_OSCILLATOR_OFF || r[2] & HOURS_12)
        return undefined;
      return fromCalendar({
        second: fromBcd(r[0]),
        minute: fromBcd(r[1]),
        hour: fromBcd(r[2]),
        day: fromBcd(r[4]),
        month: fromBcd(r[5] & 0x1f),
        // The century bit is set from 2100 on; such a time is not one that we set.
        year: r[5] & 0x80 ? NaN : 2000 + fromBcd(r[6]),
      });
    } catch (_error) {
      return undefined;
    }
  }

  async set(unixSeconds: number): Promise<boolean> {
    const time = toCalendar(unixSeconds);
    try {
      const clock = [SECONDS, toBcd(time.second), toBcd(time.minute), toBcd(time.hour)];
      const date = [ANY_WEEKDAY, toBcd(time.day), toBcd(time.month), toBcd(time.year - 2000)];
      // The oscillator first: where it was off, the seconds would not begin to count.
      await this.clearBits(CONTROL, CONTROL_OSCILLATOR_OFF);
      await this.bus.write(ADDRESS, Buffer.from([...clock, ...date]));
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
