import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { StateName } from "../../keyfob/packetCodec";
import { findBoard } from "../boards";
import { examineHardware, type HardwareEvidence, type HardwareReading } from "../hardwareChecks";

const HEALTHY: Record<StateName, boolean> = {
  clockSet: true,
  clockApproximate: false,
  radioUp: true,
  chirping: true,
  snoozed: false,
  syncing: false,
  fault: false,
  safeMode: false,
  storageReady: true,
  consentPending: false,
  consentGranted: false,
  overCapacity: false,
};

function reading(
  uptime: number,
  counters: Record<string, number>,
  state: Partial<Record<StateName, boolean>> = {},
  role: "wearable" | "repeater" = "wearable",
): HardwareReading {
  return {
    status: {
      now: 1_795_000_000 + uptime,
      snoozeUntil: 0,
      uptime,
      lastSync: 1_795_000_000,
      state: { ...HEALTHY, ...state },
      protocol: 1,
      role,
      version: "0.1.0",
      battery: undefined,
    },
    counters: { freeHeapBytes: 20_000, ...counters },
  };
}

const before = reading(100, { minutesChirped: 5, chirpsHeard: 10 });
const after = reading(165, { minutesChirped: 6, chirpsHeard: 14 });

function stateOf(evidence: Partial<HardwareEvidence>, what: string) {
  const findings = examineHardware({
    before,
    after,
    board: findBoard("feather-s2-nrf"),
    showsSettings: false,
    ...evidence,
  });
  return findings.find((finding) => finding.what === what);
}

test("a healthy device passes every check", () => {
  const findings = examineHardware({ before, after, board: findBoard("feather-s2-nrf"), showsSettings: false });
  expect(findings.map(({ state }) => state)).toEqual(new Array(8).fill("ok"));
});

describe("a fault is found, and a way to mend it is named", () => {
  const chirped = { minutesChirped: 6, chirpsHeard: 14 };
  test.each<[string, Partial<HardwareEvidence>, string, string]>([
    ["safe mode", { after: reading(165, chirped, { safeMode: true }) }, "keeps running", "problem"],
    ["a restart", { after: reading(10, chirped) }, "keeps running", "problem"],
    ["crashes earlier", { after: reading(165, { ...chirped, crashes: 2 }) }, "keeps running", "warning"],
    ["a silent radio", { after: reading(165, chirped, { radioUp: false }) }, "radio answers", "problem"],
    ["a garbled bus", { after: reading(165, { ...chirped, hciGarbage: 3 }) }, "radio answers", "problem"],
    ["refused commands", { after: reading(165, { ...chirped, hciErrors: 1 }) }, "radio answers", "warning"],
    ["no new chirp", { after: reading(165, { minutesChirped: 5 }) }, "radio chirps", "problem"],
    ["a missed minute", { after: reading(165, { minutesChirped: 6, minutesMissed: 1 }) }, "radio chirps", "problem"],
    ["a clock that is not set", { after: reading(165, chirped, { clockSet: false }) }, "radio chirps", "warning"],
    ["snooze", { after: reading(165, chirped, { snoozed: true }) }, "radio chirps", "warning"],
    ["nobody near", { after: reading(165, { minutesChirped: 6, chirpsHeard: 10 }) }, "radio hears", "warning"],
    ["no store", { after: reading(165, chirped, { storageReady: false }) }, "flash works", "problem"],
    ["flash errors", { after: reading(165, { ...chirped, storageErrors: 1 }) }, "flash works", "problem"],
    ["a coin cell that is flat", { after: reading(165, chirped, { clockApproximate: true }) }, "clock runs", "problem"],
    [
      "a clock out of step",
      { after: { ...after, status: { ...after.status, now: before.status.now } } },
      "clock runs",
      "problem",
    ],
    ["a stock runtime", { showsSettings: true }, "cable is guarded", "problem"],
    ["little memory", { after: reading(165, { ...chirped, freeHeapBytes: 100 }) }, "memory suffices", "problem"],
  ])("%s", (_, evidence, what, state) => {
    const finding = stateOf(evidence, what);
    expect(finding?.state).toBe(state);
    expect(finding?.mend).toBeDefined();
  });
});

test("a board without a clock chip may be approximate", () => {
  const approximate = reading(165, { minutesChirped: 6 }, { clockApproximate: true });
  expect(stateOf({ after: approximate, board: findBoard("xiao-c3") }, "clock runs")?.state).toBe("warning");
});

test("a device that does not tell its free memory is not blamed for it", () => {
  const silent = reading(165, { minutesChirped: 6, freeHeapBytes: 0 });
  expect(stateOf({ after: silent }, "memory suffices")?.state).toBe("ok");
});

test("a repeater is not asked for flash or clock", () => {
  const findings = examineHardware({
    before: reading(100, {}, {}, "repeater"),
    after: reading(165, {}, {}, "repeater"),
    board: findBoard("devkitc-esp32"),
    showsSettings: false,
  });
  expect(findings.map(({ what }) => what)).not.toContain("flash works");
  expect(findings.map(({ what }) => what)).not.toContain("clock runs");
});

test("the hardware page explains every check by its name", () => {
  const page = readFileSync(new URL("../../../docs/hardware.md", import.meta.url), "utf8");
  for (const { what } of examineHardware({ before, after, board: undefined, showsSettings: false }))
    expect(page).toContain(`| ${what} |`);
});
