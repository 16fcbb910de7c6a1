import { describe, expect, it } from "vitest";
import { decodeChirpFrame, pactCodec, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Beacon } from "../../protocol/beacon/sighting";
import { SeededRandom } from "../../tools/sim/core/random";
import { Repeater } from "../repeater";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const SETTINGS = { companyId: TEST_COMPANY, leastIntervalMs: 250 };

function newRepeater(capacity: number): Repeater {
  const generator = new SeededRandom("repeater");
  return new Repeater(capacity, pactCodec(), 0, SETTINGS, (below) => generator.uint32() % below);
}

function chirpOf(n: number): Buffer {
  return Buffer.from(new SeededRandom(`chirp ${n}`).bytes(28));
}

function hear(repeater: Repeater, chirp: Buffer, nowMs: number, rssiDbm = -50, age = 0): void {
  repeater.hear({ kind: Beacon.Pact, id: chirp, age, txPowerDbm: 0, originMinute: 0, rssiDbm }, nowMs);
}

/** Lets time pass in steps of 25 ms. @returns what it sent: chirp in hexadecimal and age */
function run(repeater: Repeater, fromMs: number, toMs: number): [string, number][] {
  const sent: [string, number][] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 25) {
    if (nowMs % SECOND_MS === 0) repeater.expire(nowMs);
    const advertisement = repeater.next(nowMs);
    if (!advertisement) continue;
    const frame = decodeChirpFrame(advertisement.advA, advertisement.advData, TEST_COMPANY);
    sent.push([frame.id.toString("hex"), frame.age]);
  }
  return sent;
}

describe("the repeater", () => {
  it("is silent about a chirp in its first minute, then sends it at ages 1 to 10, then never again", () => {
    const repeater = newRepeater(10);
    hear(repeater, chirpOf(1), 5_000);
    expect(run(repeater, 5_000, 64_975)).toEqual([]);
    const ages = run(repeater, 65_000, 30 * MINUTE_MS).map(([, age]) => age);
    expect([...new Set(ages)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(repeater).toMatchObject({ armed: 1, minutesSent: 10, minutesMissed: 0 });
    expect(repeater.inHand()).toBe(0);
  });

  it("never repeats a frame that has an age, and does not let one keep its chirp from being repeated", () => {
    const repeater = newRepeater(10);
    hear(repeater, chirpOf(1), 0, -30, 3);
    expect(repeater.inHand()).toBe(0);
    hear(repeater, chirpOf(1), 1_000, -60, 0);
    expect(repeater.inHand()).toBe(1);
  });

  it("arms a chirp once within 15 minutes, and not again for as long as it keeps being replayed", () => {
    const repeater = newRepeater(10);
    let sent = 0;
    for (let minute = 0; minute < 90; minute++) {
      hear(repeater, chirpOf(1), minute * MINUTE_MS);
      sent += run(repeater, minute * MINUTE_MS, (minute + 1) * MINUTE_MS).length;
    }
    expect(repeater.armed).toBe(1);
    expect(sent).toBeLessThanOrEqual(10 * 240);
    hear(repeater, chirpOf(1), 106 * MINUTE_MS);
    expect(repeater.armed).toBe(2);
  });

  it("keeps the strongest chirps above capacity, each judged by its strongest hearing, and counts the others", () => {
    const repeater = newRepeater(3);
    [-60, -50, -55].forEach((rssiDbm, n) => {
      hear(repeater, chirpOf(n), 0, rssiDbm);
    });
    expect(repeater.isOverCapacity(0)).toBe(false);
    hear(repeater, chirpOf(0), 100, -40);
    hear(repeater, chirpOf(3), 200, -58);
    expect(repeater).toMatchObject({ armed: 3, dropped: 1 });
    hear(repeater, chirpOf(3), 300, -58);
    expect(repeater.dropped).toBe(1);
    hear(repeater, chirpOf(3), 400, -52);
    expect(repeater).toMatchObject({ armed: 4, dropped: 1 });
    expect(repeater.isOverCapacity(1000)).toBe(true);
    const kept = new Set(run(repeater, MINUTE_MS + 1000, MINUTE_MS + 5000).map(([chirp]) => chirp));
    expect(kept).toEqual(new Set([0, 1, 3].map((n) => chirpOf(n).toString("hex"))));
    expect(repeater.isOverCapacity(12 * MINUTE_MS)).toBe(false);
  });

  it("does not count a chirp as dropped that found room after all", () => {
    const repeater = newRepeater(1);
    hear(repeater, chirpOf(1), 0, -50);
    run(repeater, 0, 11 * MINUTE_MS);
    hear(repeater, chirpOf(2), 11 * MINUTE_MS - 1000, -50);
    expect(repeater.dropped).toBe(1);
    run(repeater, 11 * MINUTE_MS, 11 * MINUTE_MS + 10_000);
    hear(repeater, chirpOf(2), 11 * MINUTE_MS + 20_000, -50);
    expect(repeater).toMatchObject({ armed: 2, dropped: 0 });
  });

  it("sends every live chirp in every minute at full memory", () => {
    const repeater = newRepeater(1120);
    const count = 1000;
    for (let n = 0; n < count; n++) hear(repeater, chirpOf(n), n * 60, -50);
    const ages = new Map<string, Set<number>>();
    for (const [chirp, age] of run(repeater, MINUTE_MS, 12 * MINUTE_MS + 5_000)) {
      ages.set(chirp, (ages.get(chirp) ?? new Set()).add(age));
    }
    expect(ages.size).toBe(count);
    for (const seen of ages.values()) expect(seen.size).toBe(10);
    expect(repeater.minutesMissed).toBe(0);
  });

  it("beside four others and a hostile device that takes ages off sends each chirp in ten minutes, and then all is quiet", () => {
    const five = Array.from({ length: 5 }, () => newRepeater(10));
    const sent = new Set<string>();
    let lastMs = 0;
    // Only two hear the wearer; the hostile device gives everybody, a second later, all that anybody sends.
    for (const repeater of five.slice(0, 2)) hear(repeater, chirpOf(1), 0);
    let stripped: Buffer | undefined;
    for (let nowMs = 0; nowMs < 60 * MINUTE_MS; nowMs += 250) {
      if (nowMs % SECOND_MS === 0) {
        if (stripped) for (const repeater of five) hear(repeater, stripped, nowMs);
        stripped = undefined;
        for (const repeater of five) repeater.expire(nowMs);
      }
      five.forEach((repeater, i) => {
        const advertisement = repeater.next(nowMs);
        if (!advertisement) return;
        const { id, age } = decodeChirpFrame(advertisement.advA, advertisement.advData, TEST_COMPANY);
        for (const other of five) if (other !== repeater) hear(other, id, nowMs, -40, age);
        stripped = id;
        sent.add(`${i} ${age}`);
        lastMs = nowMs;
      });
    }
    expect(sent.size).toBe(5 * 10);
    expect(five.map(({ armed }) => armed)).toEqual([1, 1, 1, 1, 1]);
    expect(lastMs).toBeLessThan(14 * MINUTE_MS);
  });
});
