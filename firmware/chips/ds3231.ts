import { fromBcd, fromCalendar, toBcd, toCalendar } from "./calendar";
import type { ClockChip } from "./clockChip";
import type { I2cBus } from "./lines";

// Maxim DS3231 datasheet, table 1 (register map).
const ADDRESS = 0x68;
const SECONDS = 0x00;
const CONTROL = 0x0e;
const TIME_BYTES = 7;
/** Registers 00h to 0Fh in one read, so that time and status belong together. */
const ALL_BYTES = 16;
const STATUS = 0x0f;

const CONTROL_OSCILLATOR_OFF = 0x80;
const STATUS_OSCILLATOR_STOPPED = 0x80;
const HOURS_12 = 0x40;
const HOURS_PM = 0x20;

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
      return fromCalendar({
        second: fromBcd(r[0]),
        minute: fromBcd(r[1]),
        hour: hours(r[2]),
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
      const bytes = Buffer.alloc(1 + TIME_BYTES);
      bytes[0] = SECONDS;
      bytes[1] = toBcd(time.second);
      bytes[2] = toBcd(time.minute);
      bytes[3] = toBcd(time.hour);
      bytes[4] = 1;
      bytes[5] = toBcd(time.day);
      bytes[6] = toBcd(time.month);
      bytes[7] = toBcd(time.year - 2000);
      // The oscillator first: where it was off, the seconds would not begin to count.
      await this.clearBits(CONTROL, CONTROL_OSCILLATOR_OFF);
      await this.bus.write(ADDRESS, bytes);
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

/** The chip may have been left in 12-hour mode by another program. */
function hours(byte: number): number {
  if (!(byte & HOURS_12)) return fromBcd(byte & 0x3f);
  const hour = fromBcd(byte & 0x1f);
  return (hour === 12 ? 0 : hour) + (byte & HOURS_PM ? 12 : 0);
}
