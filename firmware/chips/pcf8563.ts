import { fromBcd, fromCalendar, toBcd, toCalendar } from "./calendar";
import type { ClockChip } from "./clockChip";
import type { I2cBus } from "./lines";

// NXP PCF8563 datasheet, table 4 (register overview).
const ADDRESS = 0x51;
const CONTROL_1 = 0x00;
const CONTROL_1_STOP = 0x20;
const VL_SECONDS = 0x02;
const TIME_BYTES = 7;
const ANY_WEEKDAY = 0;

/** VL, voltage low: the clock's integrity is no longer guaranteed since this bit was set. */
const VOLTAGE_LOW = 0x80;
/** Set by us for no century; the chip toggles it when the years roll over. */
const CENTURY = 0x80;

/** PCF8563: 0.25 microamperes, and the accuracy of its crystal. Not yet run on hardware. */
export class Pcf8563 implements ClockChip {
  private readonly bus: I2cBus;

  constructor(bus: I2cBus) {
    this.bus = bus;
  }

  async read(): Promise<number | undefined> {
    try {
      const control = await this.bus.writeRead(ADDRESS, Buffer.from([CONTROL_1]), 1);
      if (control[0] & CONTROL_1_STOP) return undefined;
      const r = await this.bus.writeRead(ADDRESS, Buffer.from([VL_SECONDS]), TIME_BYTES);
      if (r[0] & VOLTAGE_LOW || r[5] & CENTURY) return undefined;
      return fromCalendar({
        second: fromBcd(r[0] & 0x7f),
        minute: fromBcd(r[1] & 0x7f),
        hour: fromBcd(r[2] & 0x3f),
        day: fromBcd(r[3] & 0x3f),
        month: fromBcd(r[5] & 0x1f),
        year: 2000 + fromBcd(r[6]),
      });
    } catch (_error) {
      return undefined;
    }
  }

  async set(unixSeconds: number): Promise<boolean> {
    const time = toCalendar(unixSeconds);
    try {
      // Stopped while it is set, the chip begins a whole second when it is let go (datasheet, "STOP bit function").
      await this.bus.write(ADDRESS, Buffer.from([CONTROL_1, CONTROL_1_STOP]));
      const clock = [VL_SECONDS, toBcd(time.second), toBcd(time.minute), toBcd(time.hour)];
      const date = [toBcd(time.day), ANY_WEEKDAY, toBcd(time.month), toBcd(time.year - 2000)];
      await this.bus.write(ADDRESS, Buffer.from([...clock, ...date]));
      await this.bus.write(ADDRESS, Buffer.from([CONTROL_1, 0]));
      return true;
    } catch (_error) {
      return false;
    }
  }
}
