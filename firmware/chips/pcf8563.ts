import type { ClockChip } from "../board/clockChip";
import { fromCalendar, toCalendar } from "./calendar";
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
      return fromCalendar(Buffer.from([r[0], r[1] & 0x7f, r[2] & 0x3f, r[3] & 0x3f, r[5] & 0x1f, r[6]]));
    } catch (_error) {
      return undefined;
    }
  }

  async set(unixSeconds: number): Promise<boolean> {
    const t = toCalendar(unixSeconds);
    try {
      // Stopped while it is set, the chip begins a whole second when it is let go (datasheet, "STOP bit function").
      await this.bus.write(ADDRESS, Buffer.from([CONTROL_1, CONTROL_1_STOP]));
      await this.bus.write(ADDRESS, Buffer.from([VL_SECONDS, t[0], t[1], t[2], t[3], ANY_WEEKDAY, t[4], t[5]]));
      await this.bus.write(ADDRESS, Buffer.from([CONTROL_1, 0]));
      return true;
    } catch (_error) {
      return false;
    }
  }
}
