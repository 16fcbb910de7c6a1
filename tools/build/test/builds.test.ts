import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPEATER_DEFAULTS, WEARABLE_DEFAULTS } from "../../../protocol/keyfob/configKeys";
import { ROOT } from "../../../test/tools";
import { findBoard } from "../../boards/boards";
import { entrySource } from "../../boards/entry";
import DEFAULTS from "../../power/defaults.json" with { type: "json" };
import { buildOf, configDefaults, parseBuilds } from "../builds";

const TEXT = readFileSync(join(ROOT, "devs.config.json"), "utf8");

function changed(change: (builds: ReturnType<typeof parseBuilds>) => void): string {
  const builds = parseBuilds(TEXT);
  change(builds);
  return JSON.stringify(builds);
}

describe("devs.config.json", () => {
  it("chooses what the programs have without it, so that the simulator runs what boards run", () => {
    expect(JSON.parse(configDefaults("wearable", buildOf("wearable").tunables))).toEqual(JSON.parse(WEARABLE_DEFAULTS));
    expect(JSON.parse(configDefaults("repeater", buildOf("repeater").tunables))).toEqual(JSON.parse(REPEATER_DEFAULTS));
  });

  it("has the scan and chirp settings that the power model recommends, and says so", () => {
    const { tunables, why } = buildOf("wearable");
    expect(tunables).toMatchObject(DEFAULTS);
    expect(why).toContain("chosen with the power model (chirpfob power; docs/hardware.md");
  });

  it("is compiled into a board's program, with the board's own transmit power", () => {
    const board = findBoard("xiao-c3");
    const chosen = { ...buildOf("wearable").tunables, txPowerDbm: board.radio.txPowerDbm };
    const compiledIn = /startWearable\("([^"]*)",/.exec(entrySource(board, "wearable"))?.[1];
    expect(compiledIn).toBe(configDefaults("wearable", chosen));
    expect(board.radio.txPowerDbm).not.toBe(0);
  });

  it.each([
    [(b) => void Object.assign(b.wearable.tunables, { chirpIntervalMs: 99 }), "wearable.tunables.chirpIntervalMs"],
    [
      (b) => void Object.assign(b.wearable.tunables, { scanWindowMs: 10_240 }),
      "must not be longer than scanIntervalMs",
    ],
    [(b) => void Object.assign(b.repeater.tunables, { colour: 1 }), "colour"],
    [(b) => void Object.assign(b.repeater, { why: "" }), "repeater.why"],
    [(b) => void Object.assign(b.repeater, { entry: "tools/x.ts" }), "must be a program of firmware/ or repeater/"],
    [(b) => void Object.assign(b.wearable.regionKeys, { "US-MA": "12" }), "64 hexadecimal digits"],
  ] as [(builds: ReturnType<typeof parseBuilds>) => void, string][])(
    "is refused with a message that names the fault (%#)",
    (change, message) => {
      expect(() => parseBuilds(changed(change))).toThrow(message);
    },
  );

  it("is refused when it is not JSON", () => {
    expect(() => parseBuilds("{")).toThrow(/not JSON/);
  });
});
