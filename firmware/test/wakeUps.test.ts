import { beforeAll, describe, expect, it } from "vitest";
import type { WakeCause } from "../../tools/sim/device/device";
import { type KeyfobRig, MINUTE_US, SECOND_US, settledKeyfob } from "./keyfobRig";

const MINUTES = 60;

describe("a keyfob in a quiet hour", () => {
  let keyfob: KeyfobRig;
  const wakeUps = {} as Record<WakeCause, number>;

  beforeAll(async () => {
    keyfob = await settledKeyfob("quiet hour");
    keyfob.device.usb = undefined; // nobody is at the cable
    keyfob.world.run(2 * MINUTE_US);
    const before = { ...keyfob.device.wakeUps };
    keyfob.world.run(MINUTES * MINUTE_US);
    for (const cause of Object.keys(before) as WakeCause[])
      wakeUps[cause] = keyfob.device.wakeUps[cause] - before[cause];
  }, 120_000);

  it("wakes once a second by itself, and a few times more when a minute begins", () => {
    process.stdout.write(`wake-ups of a quiet hour: ${JSON.stringify(wakeUps)}\n`);
    expect(wakeUps.timer).toBeGreaterThanOrEqual(MINUTES * 60 - 1);
    expect(wakeUps.timer).toBeLessThanOrEqual(MINUTES * (60 + 6));
  });

  it("hears of its radio when a minute begins, and of its peripherals when they announce themselves, and of nothing else", () => {
    expect(wakeUps.hci).toBeLessThanOrEqual(MINUTES * 6);
    expect(wakeUps.announcement).toBeLessThanOrEqual(MINUTES * 40 + 1);
    expect([wakeUps.usb, wakeUps.button]).toEqual([0, 0]);
  });

  it("wakes on the seconds of its clock", () => {
    const atUs: number[] = [];
    for (let i = 0; i < 20; i++) {
      const { timer } = keyfob.device.wakeUps;
      keyfob.world.runUntil(() => keyfob.device.wakeUps.timer > timer, 2 * SECOND_US);
      atUs.push(Math.round(keyfob.world.nowUs / 1000) % 1000);
    }
    expect(new Set(atUs).size).toBeLessThanOrEqual(3);
    expect(keyfob.panics).toEqual([]);
  });
});
