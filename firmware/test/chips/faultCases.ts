import { readU16 } from "../../../protocol/base/bytes";
import type { SettingsStore } from "../../board/settingsStore";
import { FAULT_RECORD_BYTES, Fault, FaultCounters } from "../../state/faultCounters";
import type { ChipCase } from "./chipCase";
import type { Scheduler } from "./desk";
import { expectEqual } from "./expect";

/** The setting that outlives a restart. */
class Settings implements SettingsStore {
  stored: Buffer | undefined;
  saves = 0;

  async get(_key: string): Promise<Buffer | undefined> {
    return this.stored === undefined ? undefined : Buffer.from(this.stored.toString("hex"), "hex");
  }

  async set(_key: string, record: Buffer): Promise<void> {
    this.saves++;
    this.stored = Buffer.from(record.toString("hex"), "hex");
  }

  async remove(_key: string): Promise<void> {
    this.stored = undefined;
  }
}

/** A session of `minutes` that ends without a word. */
async function crashAfter(settings: Settings, minutes: number): Promise<FaultCounters> {
  const counters = await FaultCounters.start(settings);
  for (let i = 0; i < minutes; i++) await counters.minutePassed();
  return counters;
}

async function theFirstStartIsNoCrash(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  const counters = await FaultCounters.start(settings);
  expectEqual("safe mode", counters.safeMode, false);
  expectEqual("crashes", counters.count(Fault.Crash), 0);
}

async function threeCrashesInTenMinutesLeadToSafeMode(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  await crashAfter(settings, 100);
  await crashAfter(settings, 4);
  expectEqual("after two crashes", (await crashAfter(settings, 5)).safeMode, false);
  const fourth = await FaultCounters.start(settings);
  expectEqual("after three", fourth.safeMode, true);
  expectEqual("crashes", fourth.count(Fault.Crash), 3);
}

async function threeCrashesInElevenMinutesDoNot(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  await crashAfter(settings, 1);
  await crashAfter(settings, 5);
  await crashAfter(settings, 5);
  expectEqual("safe mode", (await FaultCounters.start(settings)).safeMode, false);
}

async function aPlannedRestartBreaksTheChain(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  await crashAfter(settings, 0);
  await crashAfter(settings, 0);
  const third = await FaultCounters.start(settings);
  await third.announceRestart();
  const fourth = await FaultCounters.start(settings);
  expectEqual("safe mode", fourth.safeMode, false);
  expectEqual("crashes", fourth.count(Fault.Crash), 2);
  await crashAfter(settings, 0);
  expectEqual("two more crashes", (await FaultCounters.start(settings)).safeMode, false);
}

async function safeModeIsLeftByTheNextStart(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  for (let i = 0; i < 3; i++) await crashAfter(settings, 0);
  expectEqual("safe mode", (await FaultCounters.start(settings)).safeMode, true);
  expectEqual("next start", (await crashAfter(settings, 0)).safeMode, false);
  expectEqual("the one after", (await crashAfter(settings, 0)).safeMode, false);
  expectEqual("a new loop", (await FaultCounters.start(settings)).safeMode, true);
}

async function countersSurviveAndSaturate(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  const counters = await FaultCounters.start(settings);
  for (let i = 0; i < 5; i++) await counters.add(Fault.RadioReset);
  await counters.announceRestart();
  const next = await FaultCounters.start(settings);
  expectEqual("radio resets", next.count(Fault.RadioReset), 5);
  expectEqual("flash errors", next.count(Fault.FlashError), 0);
  for (let i = 0; i < 300; i++) await next.add(Fault.FlashError);
  expectEqual("a storm is stored now and then only", settings.saves < 20, true);
  expectEqual("counted", next.count(Fault.FlashError), 300);
}

async function aDamagedRecordStartsAnew(_scheduler: Scheduler): Promise<void> {
  const settings = new Settings();
  for (let i = 0; i < 3; i++) await crashAfter(settings, 0);
  for (let at = 0; at < FAULT_RECORD_BYTES; at++) {
    const damaged = new Settings();
    const record = await settings.get("faults");
    if (record === undefined) throw new Error("nothing was stored");
    record[at] = record[at] ^ 0x10;
    damaged.stored = record;
    const counters = await FaultCounters.start(damaged);
    expectEqual("safe mode", counters.safeMode, false);
    expectEqual("crashes", counters.count(Fault.Crash), 0);
  }
  const short = new Settings();
  short.stored = Buffer.alloc(3);
  expectEqual("short record", (await FaultCounters.start(short)).safeMode, false);
  expectEqual("stored anew", short.stored === undefined ? 0 : readU16(short.stored, 0), 0x100);
}

export const FAULT_CASES: ChipCase[] = [
  { title: "a keyfob's first start is no crash", run: theFirstStartIsNoCrash },
  { title: "the third crash within ten minutes leads to safe mode", run: threeCrashesInTenMinutesLeadToSafeMode },
  { title: "three crashes in more than ten minutes do not", run: threeCrashesInElevenMinutesDoNot },
  { title: "a planned restart breaks a chain of crashes", run: aPlannedRestartBreaksTheChain },
  { title: "the start after safe mode tries the whole program again", run: safeModeIsLeftByTheNextStart },
  { title: "fault counters survive restarts and spare the flash", run: countersSurviveAndSaturate },
  { title: "a damaged fault record starts anew", run: aDamagedRecordStartsAnew },
];
