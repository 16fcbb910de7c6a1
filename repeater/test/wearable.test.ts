import { beforeAll, describe, expect, it } from "vitest";
import type { Logs } from "../../firmware/log/logs";
import { Command } from "../../protocol/keyfob/codes";
import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import type { Match } from "../../protocol/match/matching";
import { adviceFor, attenuationClass, attenuationDb, isDirect, weightedMinutes } from "../../protocol/match/score";
import { buildBytecode } from "../../tools/build/bytecode";
import { Positions, type Waypoint } from "../../tools/sim/air/proximity";
import { encounters, openLogs, rowsOf } from "../../tools/sim/oracle/encounters";
import { VirtualHost } from "../../tools/sim/world/host";
import { World } from "../../tools/sim/world/world";
import { MINUTE_US, repeaterBytecode, sentFrame, WINDOWS_ONLY } from "./rig";

/** A quarter past an hour of 2026, when the scenario begins. */
const START_S = 1_790_000_100;
const HOUR = Math.floor(START_S / 3600);
const START_MINUTE = Math.floor(START_S / 60);

/** In front of the repeater, which stands at the origin, between two minutes of the scenario. */
const visit = (fromMinute: number, toMinute: number, x: number): Waypoint[] => [
  { atUs: fromMinute * MINUTE_US, x, y: 0.7 },
  { atUs: toMinute * MINUTE_US, x, y: 0.7 },
];

const INFECTED_FROM = 3;
const INFECTED_TO = 6;
/** Who stands at the counter when: the repeater always. */
const WALKS = [
  visit(0, 60, 0),
  visit(INFECTED_FROM, INFECTED_TO, 0),
  visit(INFECTED_TO + 8, INFECTED_TO + 11, 0.3),
  visit(INFECTED_TO + 14, INFECTED_TO + 17, -0.3),
  visit(INFECTED_FROM + 1, INFECTED_TO + 5, 0.6),
];
const NAMES = ["repeater", "infected", "eight minutes later", "fourteen minutes later", "overlapping"] as const;
const LAST_ROW_WRITTEN = INFECTED_TO + 17 + 14;

interface Outcome {
  readonly logs: ReadonlyMap<string, Logs>;
  readonly matches: ReadonlyMap<string, Match[]>;
  /** Ages at which the repeater sent the chirps of somebody's minutes. */
  readonly repeated: number;
}

async function atTheCounter(): Promise<Outcome> {
  const repeater = (await repeaterBytecode()).image;
  const wearable = (await buildBytecode("wearable", "firmware/main.ts")).image;
  let repeated = 0;
  const world = new World({
    seed: "eight and fourteen",
    profile: WINDOWS_ONLY,
    proximity: new Positions(WALKS),
    onTransmission: (transmission) => {
      if (sentFrame(transmission).frame.age > 0) repeated++;
    },
  });
  const devices = WALKS.map((_, radio) => world.add({ image: radio === 0 ? repeater : wearable }));
  for (const device of devices.slice(1)) {
    const host = new VirtualHost(world, device);
    const time = Buffer.alloc(8);
    world.runUntil(() => world.nowUs > 3e6, 3e6);
    time.writeUInt32LE(START_S + Math.floor(world.nowUs / 1e6), 0);
    time.writeUInt16LE(1, 4);
    time.writeUInt16LE(Math.floor((world.nowUs % 1e6) / 1e3), 6);
    host.request(0x1c4fb003, Command.ClockSet, time);
    host.unplug();
  }
  world.run(LAST_ROW_WRITTEN * MINUTE_US - world.nowUs);
  const logs = new Map<string, Logs>();
  for (const [radio, name] of NAMES.entries())
    if (radio > 0) logs.set(name, await openLogs(devices[radio]?.flash.log as never));
  const infected = logs.get("infected") as Logs;
  const matches = new Map<string, Match[]>();
  for (const [name, own] of logs) matches.set(name, await encounters(own, infected, HOUR, HOUR + 1));
  return { logs, matches, repeated };
}

describe("wearers at a counter with a repeater", () => {
  let outcome: Outcome;
  const of = (name: (typeof NAMES)[number]): Match[] => outcome.matches.get(name) ?? [];

  beforeAll(async () => {
    outcome = await atTheCounter();
  }, 240_000);

  it("a visitor 8 minutes after the infected customer matches through the repeater, as shared-space at the right minutes", () => {
    const matches = of("eight minutes later");
    expect(matches.length).toBeGreaterThan(0);
    for (const { minute, metadata } of matches) {
      const arrived = START_MINUTE + INFECTED_TO + 8;
      expect(minute).toBeGreaterThanOrEqual(START_MINUTE + INFECTED_FROM);
      expect(minute).toBeLessThan(START_MINUTE + INFECTED_TO);
      // First heard between arrival and leaving; the origin minute is right to one minute, by the phase of the repeater's minutes.
      expect(metadata.delay).toBeGreaterThanOrEqual(arrived - minute - 1);
      expect(metadata.delay).toBeLessThanOrEqual(10);
      expect(isDirect(metadata.delay)).toBe(false);
    }
  });

  it("a visitor 14 minutes after does not match", () => {
    expect(of("fourteen minutes later")).toEqual([]);
  });

  it("a visitor who overlaps counts each minute once, as the direct minute that it was, however often the repeater says it again", () => {
    const matches = of("overlapping");
    const minutes = matches.map(({ minute }) => minute);
    expect(new Set(minutes).size).toBe(minutes.length);
    const together = matches.filter(({ minute }) => minute > START_MINUTE + INFECTED_FROM + 1);
    expect(together.length).toBeGreaterThanOrEqual(1);
    expect(minutes.length).toBeLessThanOrEqual(INFECTED_TO - INFECTED_FROM + 1);
    for (const { metadata } of together) expect(metadata.delay).toBe(0);
    expect(outcome.repeated).toBeGreaterThan(1000);
  });

  it("nobody's own chirps come back to them by way of the repeater", async () => {
    for (const own of outcome.logs.values()) expect(await encounters(own, own, HOUR, HOUR + 1)).toEqual([]);
  });

  it("what came through the repeater weighs little: three such minutes are no notice, whatever their strength", async () => {
    const matches = of("eight minutes later");
    const direct = [0, 0, 0, 0];
    let shared = 0;
    for (const { metadata } of matches) {
      const { txPower, maxRssi, delay } = metadata;
      if (isDirect(delay)) {
        const index = attenuationClass(DEFAULT_SCORE, attenuationDb(txPower, maxRssi));
        direct[index] = (direct[index] as number) + 1;
      } else shared++;
    }
    expect(shared).toBe(matches.length);
    const weighted = weightedMinutes(DEFAULT_SCORE, direct, shared);
    expect(weighted).toBe(shared * 0.25);
    expect(adviceFor(DEFAULT_SCORE, weighted)).toBe("none");
    const rows = await rowsOf(outcome.logs.get("eight minutes later") as Logs, HOUR);
    expect(rows.length).toBeGreaterThanOrEqual(matches.length);
  });
});
