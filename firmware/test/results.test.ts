import { describe, expect, it } from "vitest";
import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import { MatchList } from "../results/matchList";
import { addMinutes, hourOfMatch, isReverse, minutesOf, newMatch } from "../results/matchRecord";
import { Results } from "../results/results";
import { sha256 } from "./keyfobRig";

const NEAR = { maxRssi: -58, txPower: -8, delay: 0, hearings: 5 };
const PASSED = { maxRssi: -80, txPower: -8, delay: 7, hearings: 1 };

function match(hour: number, seed: number, minutes: number, metadata = NEAR, reverse = false): Buffer {
  const record = newMatch(hour, sha256(Buffer.from(`${seed}`)), reverse);
  addMinutes(record, DEFAULT_SCORE, metadata, minutes);
  return record;
}

function rig() {
  const payloads: { hour: number; payload: Buffer }[] = [];
  const store = {
    append: async (hour: number, payload: Buffer) => void payloads.push({ hour, payload: Buffer.from(payload) }),
    visitRecords: async (visit: (hour: number, payload: Buffer) => Promise<void>) => {
      for (const { hour, payload } of payloads) await visit(hour, payload);
    },
  };
  let now = 0;
  const timer = {
    millis: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const results = new Results(store, timer, (below) => below - 1);
  const keep = async (...records: Buffer[]): Promise<void> => {
    const list = new MatchList();
    for (const record of records) list.add(record);
    await results.keepLater(list, async () => undefined);
  };
  const byHour = async (firstHour = 0) => {
    const merged = await results.byHour(firstHour);
    return Array.from({ length: merged.count }, (_, i) => merged.get(i));
  };
  return { results, payloads, keep, byHour };
}

describe("results", () => {
  it("count a seed once, however many shards bring it", async () => {
    const { keep, byHour } = rig();
    await keep(match(500, 1, 10), match(501, 1, 3));
    await keep(match(500, 1, 10), match(500, 2, 4));
    expect((await byHour()).map((record) => [hourOfMatch(record), ...minutesOf(record, true)])).toEqual([
      [500, 14, 0, 0, 0],
      [501, 3, 0, 0, 0],
    ]);
  });

  it("come by hour, direct and shared-space apart, requests for sources apart, and not older than asked", async () => {
    const { keep, byHour } = rig();
    await keep(match(600, 1, 1), match(602, 1, 2, PASSED));
    await keep(match(601, 2, 3, NEAR, true), match(601, 3, 5));
    const records = await byHour(601);
    expect(records.map((record) => [hourOfMatch(record), isReverse(record)])).toEqual([
      [601, false],
      [601, true],
      [602, false],
    ]);
    expect(minutesOf(records[2] as Buffer, false)).toEqual([0, 0, 2, 0]);
  });

  it("are an alert when a day's weighted minutes reach 15, a notice at 5", async () => {
    const { keep, results } = rig();
    expect(await results.advice(DEFAULT_SCORE, 24_000)).toBe("none");
    await keep(match(24_000, 1, 3));
    expect(await results.advice(DEFAULT_SCORE, 24_000)).toBe("notice");
    await keep(match(24_030, 2, 5), match(24_060, 3, 5));
    expect(await results.advice(DEFAULT_SCORE, 24_000)).toBe("notice");
    await keep(match(24_020, 4, 6));
    expect(await results.advice(DEFAULT_SCORE, 24_000)).toBe("alert");
    expect(await results.advice(DEFAULT_SCORE, 24_048)).toBe("notice");
  });

  it("hold 448 matches of a shard, and add what comes beyond to the last one of the same hour", () => {
    const list = new MatchList();
    for (let i = 0; i < 500; i++) list.add(match(i < 460 ? i : 447, i, 1));
    expect(list.count).toBe(448);
    expect(minutesOf(list.get(447), true)).toEqual([41, 0, 0, 0]);
  });
});
