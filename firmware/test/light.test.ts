import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { ROOT } from "../../test/tools";
import { World } from "../../tools/sim/world/world";
import { PinLight } from "../chips/pinLight";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, TestRegion, u16, wearableImage } from "./keyfobRig";
import { type Blink, LightRecorder } from "./lightRecorder";

/** A line of the README's table, and what it says in numbers. */
interface Pattern {
  readonly light: string;
  readonly led: string;
  readonly colour: [red: number, green: number, blue: number];
  readonly blinks: number;
  readonly periodMs: number;
  readonly onMs: number;
  /** Dark times between the blinks of one group are shorter. */
  readonly darkMs: number;
}

/** Each colour and each rhythm is written to the light over the bus, a packet in 20 ms. */
const TOLERANCE_MS = 60;

function pattern(
  [light, led]: [string, string],
  colour: [number, number, number],
  [blinks, onMs, periodMs]: [number, number, number],
  darkMs = 1000,
): Pattern {
  return { light, led, colour, blinks, onMs, periodMs, darkMs };
}

const NEEDS_CLOCK = pattern(["blue, once in 5 s", "one blink in 5 s"], [0, 0, 255], [1, 200, 5000]);
const CHIRPING = pattern(["green, short, once a minute", "one short blink a minute"], [0, 255, 0], [1, 50, 60_000]);
const SNOOZED = pattern(["amber, twice a minute", "two short blinks a minute"], [255, 160, 0], [2, 50, 60_000]);
const ASKS: readonly [Purpose, Pattern][] = [
  [Purpose.Export, pattern(["white, twice a second", "fast and even"], [255, 255, 255], [1, 250, 500], 150)],
  [
    Purpose.Results,
    pattern(["white, in pairs, once a second", "pairs of short blinks"], [255, 255, 255], [2, 150, 1000], 300),
  ],
  [Purpose.Erase, pattern(["orange, in threes", "threes of short blinks"], [255, 60, 0], [3, 150, 1200], 300)],
  [Purpose.Settings, pattern(["white, long, once a second", "mostly on"], [255, 255, 255], [1, 800, 1000], 100)],
];
const SYNCING = pattern(["light blue, once a second", "slow and even"], [0, 200, 255], [1, 300, 1000], 500);
const ALERT = pattern(["pink, three long blinks in 10 s", "three long blinks"], [255, 0, 120], [3, 400, 10_000]);
const FAULT = pattern(["red, eight quick blinks in 10 s", "eight quick blinks"], [255, 0, 0], [8, 100, 10_000]);
const ALL = [NEEDS_CLOCK, CHIRPING, SNOOZED, ...ASKS.map(([, asking]) => asking), SYNCING, ALERT, FAULT];

describe("the light of a keyfob", () => {
  let keyfob: KeyfobRig;
  let world: World;
  let recorder: LightRecorder;

  beforeAll(async () => {
    world = new World({ seed: "light" });
    recorder = new LightRecorder(() => world.nowUs / 1000);
    keyfob = new KeyfobRig(world, { image: await wearableImage(), onLight: (colour) => recorder.show(colour) });
  }, 120_000);

  /** Lets time pass until the pattern begins, and through some of its periods. */
  function expectPattern({ colour, blinks, onMs, periodMs, darkMs }: Pattern, periods: number): void {
    const [red, green, blue] = colour;
    const isOf = (blink: Blink): boolean =>
      blink.colour.red === red && blink.colour.green === green && blink.colour.blue === blue;
    const sinceMs = world.nowUs / 1000;
    const shows = world.runUntil(
      () => recorder.blinks.some((blink) => blink.atMs > sinceMs && isOf(blink)),
      MINUTE_US * 1.1,
    );
    expect(shows).toBe(true);
    // Its first group may have been under way.
    const fromMs = world.nowUs / 1000 + Math.min(2000, periodMs / 2);
    world.run((periods + 1) * periodMs * 1000);
    const groups = recorder.groups(fromMs, darkMs);
    expect(groups.length).toBeGreaterThanOrEqual(periods);
    for (const group of groups.slice(0, periods)) {
      expect(group.every(isOf)).toBe(true);
      expect(group).toHaveLength(blinks);
      for (const blink of group) expect(Math.abs(blink.onMs - onMs)).toBeLessThan(TOLERANCE_MS);
    }
    const starts = groups.slice(0, periods).map((group) => group[0]?.atMs as number);
    for (let i = 1; i < starts.length; i++)
      expect(Math.abs((starts[i] as number) - (starts[i - 1] as number) - periodMs)).toBeLessThan(
        TOLERANCE_MS + periodMs / 20,
      );
  }

  it("stands in the README as this test knows it", () => {
    const readme = readFileSync(`${ROOT}README.md`, "utf8");
    for (const { light, led } of ALL) expect(readme).toContain(`| ${light} | ${led} |`);
  });

  it("says that it needs its clock", () => {
    world.run(2 * SECOND_US);
    expectPattern(NEEDS_CLOCK, 3);
  });

  it("says that all is well", () => {
    keyfob.setClock();
    expectPattern(CHIRPING, 2);
  });

  it("shows the state at once when the button is pressed", () => {
    world.run(20 * SECOND_US);
    const pressedMs = world.nowUs / 1000;
    keyfob.device.button.press(100);
    world.run(1.5 * SECOND_US);
    expect(recorder.blinks.at(-1)?.atMs).toBeGreaterThan(pressedMs);
  });

  it("says that it snoozes after a long press, and that it does not after another", () => {
    keyfob.device.button.press(2000);
    world.run(3 * SECOND_US);
    expectPattern(SNOOZED, 2);
    keyfob.device.button.press(2000);
    world.run(3 * SECOND_US);
    expectPattern(CHIRPING, 1);
  });

  it.each(ASKS)("shows what a computer asks for (%i), each in a rhythm of its own", (purpose, asking) => {
    const request = keyfob.newRequest();
    keyfob.call(Command.ConsentAsk, Buffer.concat([u16(request), Buffer.from([purpose])]));
    expectPattern(asking, 8);
    keyfob.call(Command.ConsentEnd, Buffer.concat([u16(keyfob.newRequest()), u16(request)]));
  });

  it("answers a press with two green blinks, and says that a computer works with it", () => {
    keyfob.call(Command.ConsentAsk, Buffer.concat([u16(keyfob.newRequest()), Buffer.from([Purpose.Export])]));
    world.run(2 * SECOND_US);
    const pressedMs = world.nowUs / 1000;
    keyfob.device.button.press(100);
    world.run(3 * SECOND_US);
    const answer = recorder.blinks.filter(
      ({ atMs, colour }) => atMs > pressedMs && colour.green === 255 && colour.red === 0,
    );
    expect(answer).toHaveLength(2);
    for (const { onMs } of answer) expect(Math.abs(onMs - 400)).toBeLessThan(TOLERANCE_MS);
    expectPattern(SYNCING, 10);
    world.run(70 * SECOND_US);
  });

  it("answers a refusal with one long red blink", () => {
    keyfob.call(Command.ConsentAsk, Buffer.concat([u16(keyfob.newRequest()), Buffer.from([Purpose.Results])]));
    world.run(2 * SECOND_US);
    const pressedMs = world.nowUs / 1000;
    keyfob.device.button.press(2000);
    world.run(5 * SECOND_US);
    const red = recorder.blinks.filter(
      ({ atMs, colour }) => atMs > pressedMs && colour.red === 255 && colour.green === 0,
    );
    expect(red).toHaveLength(1);
    expect(Math.abs((red[0]?.onMs as number) - 1200)).toBeLessThan(TOLERANCE_MS);
  });

  it("says that contacts were found that matter", () => {
    const hour = hourOfSeconds(keyfob.worldSeconds());
    for (let minute = 0; minute < 11; minute++) {
      const chirp = chirpOf(sha256, strangersSeed(1), minuteOfSeconds(keyfob.worldSeconds()));
      hear(keyfob, encodeChirpFrame(chirp, -8, 0, TEST_COMPANY), -50);
      world.run(MINUTE_US);
    }
    world.run(3 * MINUTE_US);
    const region = new TestRegion("IT");
    keyfob.regionKeyAdd(region.name, region.publicKey);
    const seeds = [1, ...Array.from({ length: 11 }, (_, i) => 1000 + i)].map(strangersSeed);
    expect(keyfob.importShard(region.shard(seeds.map((seed) => ({ hour, seed, reverse: false }))))).toBe(Status.Ok);
    world.run(20 * SECOND_US);
    expectPattern(ALERT, 3);
  });

  it("says that something is wrong, before all else", () => {
    keyfob.device.controller.command = () => undefined;
    world.run(2 * MINUTE_US);
    expectPattern(FAULT, 3);
    expect(keyfob.panics).toEqual([]);
  });

  it("tells these states apart by rhythm alone on a single LED", async () => {
    const levels: [atMs: number, isOn: boolean][] = [];
    let nowMs = 0;
    const led = new PinLight({ set: (high) => void levels.push([nowMs, !high]) }, false);
    expect(levels).toEqual([[0, false]]);
    for (const { atMs, onMs, colour } of recorder.blinks) {
      nowMs = atMs;
      await led.show(colour.red, colour.green, colour.blue);
      nowMs = atMs + onMs;
      await led.show(0, 0, 0);
    }
    expect(levels.slice(1)).toEqual(
      recorder.blinks.flatMap(({ atMs, onMs }) => [
        [atMs, true],
        [atMs + onMs, false],
      ]),
    );
    const rhythms = ALL.map(
      ({ blinks, onMs, periodMs }) =>
        `${blinks} ${onMs >= 600 ? "very long" : onMs >= 200 ? "long" : "short"} in ${periodMs}`,
    );
    expect(new Set(rhythms).size).toBe(ALL.length);
  });
});
