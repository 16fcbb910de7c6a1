import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  CHAFF_NUMBER,
  decodePermissionNumber,
  encodePermissionNumber,
} from "../../../protocol/report/permissionNumber";
import { DEFAULT_CONFIG } from "../config";
import { ENGINES, FakeClock, sendUpload, storage, testService, uploadBytes } from "./fixtures";

const SAMPLES = 150;
/** Two-sample Kolmogorov-Smirnov at a level of 1 in 10,000: what equal distributions exceed that seldom. */
const LIMIT = Math.sqrt(-Math.log(0.0001 / 2) / 2) * Math.sqrt(2 / SAMPLES);

describe.each(ENGINES)("The time of an answer on %s", (engine) => {
  it("does not tell used, unknown, expired, revoked and malformed numbers apart, even without rounding", async ({
    skip,
  }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    const { core, url } = await testService({ ...where, guessesPerMinute: 1_000_000 }, new FakeClock());
    const [used = "", revoked = "", expired = ""] = await core.permissions.issue("P", 3);
    await sendUpload(url, uploadBytes(), { number: used });
    await core.permissions.revoke(decodePermissionNumber(revoked));
    await core.database.query("update permission set expires_day = 1");
    const kinds: Record<string, () => string> = {
      used: () => used,
      unknown: () => encodePermissionNumber(randomBytes(16)),
      expired: () => expired,
      revoked: () => revoked,
      malformed: () => "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE-AB",
    };
    const times = await measure(url, kinds, 403);
    for (const [a, first] of Object.entries(times))
      for (const [b, second] of Object.entries(times))
        expect(distance(first, second), `${a} and ${b}`).toBeLessThan(LIMIT);
  }, 120_000);

  it("does not tell an accepted upload from chaff, with the rounding that is the default", async ({ skip }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    const { core, url } = await testService({ ...where, answerStepMs: DEFAULT_CONFIG.answerStepMs }, new FakeClock());
    const numbers = await core.permissions.issue("P", 2 * SAMPLES);
    const kinds = { accepted: () => numbers.pop() ?? "", chaff: () => encodePermissionNumber(CHAFF_NUMBER) };
    const { accepted = [], chaff = [] } = await measure(url, kinds, 201);
    expect(distance(accepted, chaff)).toBeLessThan(LIMIT);
  }, 120_000);
});

/** Milliseconds of answers, the kinds taking turns in random order, so that the machine's moods hit all alike. */
async function measure(
  url: string,
  kinds: Record<string, () => string>,
  expected: number,
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let i = -10; i < SAMPLES; i++)
    for (const [kind, number] of Object.entries(kinds).sort(() => Math.random() - 0.5)) {
      const file = uploadBytes();
      const started = performance.now();
      const { status } = await sendUpload(url, file, { number: number() });
      expect(status).toBe(expected);
      if (i >= 0) times[kind]?.push(performance.now() - started);
    }
  return times;
}

/** The largest difference of two samples' cumulative distributions. */
function distance(a: readonly number[], b: readonly number[]): number {
  const shareBelow = (sample: readonly number[], limit: number) =>
    sample.filter((value) => value <= limit).length / sample.length;
  return Math.max(...[...a, ...b].map((limit) => Math.abs(shareBelow(a, limit) - shareBelow(b, limit))));
}
