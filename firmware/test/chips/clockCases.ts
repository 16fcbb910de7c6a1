import type { ClockChip } from "../../board/clockChip";
import { fromCalendar, toCalendar } from "../../chips/calendar";
import { Ds3231 } from "../../chips/ds3231";
import { Pcf8563 } from "../../chips/pcf8563";
import type { ChipCase } from "./chipCase";
import { Ds3231Model, Pcf8563Model } from "./clockModels";
import type { Scheduler } from "./desk";
import { expectEqual, expectThrows } from "./expect";

/** 29 February 2024, 23:59:57 UTC, a Thursday. */
const LEAP_DAY = 1709251197;
const MOMENTS = [946684800, 951782400, 1582934400, LEAP_DAY, 1735689599, 4102444799];

/** Second, minute, hour, day, month, year of moments that there are not. */
const NO_MOMENTS = [
  "000000010024", // month 0
  "000000011324", // month 13
  "00000001ff24", // month ff
  "000000300224", // 30 February
  "000000000224", // day 0
  "000024010124", // hour 24
  "006000010124", // minute 60
  "600000010124", // second 60
  "0a0000010124", // a second that is no decimal
  "0000000101ff", // a year that is no decimal
];

async function setsAndReads(clock: ClockChip): Promise<void> {
  expectEqual("before it is set", await clock.read(), undefined);
  for (const moment of MOMENTS) {
    expectEqual("set", await clock.set(moment), true);
    expectEqual("read", await clock.read(), moment);
  }
}

async function calendarAgreesWithItself(scheduler: Scheduler): Promise<void> {
  // Every 114 days or so of a century, at changing times of day.
  for (let seconds = 946684800; seconds < 4102444800; seconds += 9876543) {
    expectEqual("there and back", fromCalendar(toCalendar(seconds)), seconds);
    await scheduler.yieldNow(); // the VM stops a program that does not rest
  }
  expectEqual("29 February 2024, 23:59:57", toCalendar(LEAP_DAY).toString("hex"), "575923290224");
  for (const moment of NO_MOMENTS) expectEqual(moment, fromCalendar(Buffer.from(moment, "hex")), undefined);
  await expectThrows(async () => {
    toCalendar(4102444800);
  }, "2000 to 2099");
}

async function ds3231KeepsTime(_scheduler: Scheduler): Promise<void> {
  const model = new Ds3231Model();
  const clock = new Ds3231(model);
  await setsAndReads(clock);
  expectEqual("registers", Buffer.from(model.registers.slice(0, 7)).toString("hex"), "59592301311299");
  await clock.set(LEAP_DAY);
  model.second();
  expectEqual("a second later", await clock.read(), LEAP_DAY + 1);
}

async function ds3231AdmitsAStoppedOscillator(_scheduler: Scheduler): Promise<void> {
  const model = new Ds3231Model();
  const clock = new Ds3231(model);
  await clock.set(LEAP_DAY);
  model.loseBattery();
  expectEqual("after the battery was gone", await clock.read(), undefined);
  model.registers[0x0e] = 0x9c;
  await clock.set(LEAP_DAY);
  expectEqual("oscillator switched on by setting", model.registers[0x0e], 0x1c);
  expectEqual("other status bits kept", model.registers[0x0f], 0x08);
}

async function ds3231LeavesTwelveHourMode(_scheduler: Scheduler): Promise<void> {
  const model = new Ds3231Model();
  const clock = new Ds3231(model);
  await clock.set(LEAP_DAY);
  model.registers[2] = 0x71;
  expectEqual("11 pm in 12-hour mode", await clock.read(), undefined);
  await clock.set(LEAP_DAY);
  expectEqual("set again", await clock.read(), LEAP_DAY);
}

async function pcf8563KeepsTime(_scheduler: Scheduler): Promise<void> {
  const model = new Pcf8563Model();
  const clock = new Pcf8563(model);
  await setsAndReads(clock);
  await clock.set(LEAP_DAY);
  model.second();
  expectEqual("a second later", await clock.read(), LEAP_DAY + 1);
  model.loseBattery();
  expectEqual("voltage low", await clock.read(), undefined);
}

async function garbledAndAbsentClocksAreNotBelieved(_scheduler: Scheduler): Promise<void> {
  const model = new Pcf8563Model();
  const clock = new Pcf8563(model);
  await clock.set(LEAP_DAY);
  model.registers[4] = 0x2a;
  expectEqual("not decimal", await clock.read(), undefined);
  model.absent = true;
  expectEqual("absent", await clock.read(), undefined);
  expectEqual("cannot be set", await clock.set(LEAP_DAY), false);
  const other = new Ds3231Model();
  other.absent = true;
  expectEqual("absent", await new Ds3231(other).read(), undefined);
  expectEqual("cannot be set", await new Ds3231(other).set(LEAP_DAY), false);
}

export const CLOCK_CASES: ChipCase[] = [
  { title: "calendar and Unix time agree over the century", run: calendarAgreesWithItself },
  { title: "a DS3231 keeps what it was set to", run: ds3231KeepsTime },
  { title: "a DS3231 whose oscillator stopped is not believed until it is set", run: ds3231AdmitsAStoppedOscillator },
  {
    title: "a DS3231 left in 12-hour mode by another program is not believed until it is set",
    run: ds3231LeavesTwelveHourMode,
  },
  { title: "a PCF8563 keeps what it was set to and admits low voltage", run: pcf8563KeepsTime },
  { title: "garbled and absent clock chips are not believed", run: garbledAndAbsentClocksAreNotBelieved },
];
