import { describe, expect, it } from "vitest";
import { encodeCxFrame } from "../../../protocol/beacon/cx";
import { ContactIdGenerator } from "../../../protocol/beacon/cxGenerator";
import { sha256 } from "../../base/sha256";
import { SeededRandom } from "../../sim/core/random";

const KEYFOBS = 100;
const IDS = 96;
const DRAW = "leakage 1";
const MIN_P = 0.001;
/** Bits of an identifier that its form fixes (UUID, version 4), from 0 at the first byte's top bit. */
const FIXED_ID_BITS = new Set([48, 49, 50, 51, 64, 65]);
/** The two top bits of an address say that it is a non-resolvable private one. */
const FIXED_ADDRESS_BITS = new Set([0, 1]);

/** A day of a hundred keyfobs: for each its frames' addresses, identifiers and whole content. */
function day(): { id: Buffer; address: Buffer; frame: Buffer }[][] {
  const random = new SeededRandom(DRAW);
  return Array.from({ length: KEYFOBS }, () => {
    const generator = new ContactIdGenerator(1, Buffer.from(random.bytes(24)));
    return Array.from({ length: IDS }, () => {
      const id = generator.next();
      const { advA, advData } = encodeCxFrame(sha256, id, -8, 0xffff);
      return { id, address: advA, frame: Buffer.concat([advA, advData]) };
    });
  });
}

const KEYFOB_DAYS = day();
const FRAMES = KEYFOB_DAYS.flat();

function bitsOf(bytes: Buffer, fixed: ReadonlySet<number>): number[] {
  return Array.from({ length: 8 * bytes.length }, (_, i) => ((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1).filter(
    (_, i) => !fixed.has(i),
  );
}

/** Complementary error function (Abramowitz and Stegun 7.1.26), to 1.5e-7. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const y = poly * Math.exp(-x * x);
  return x >= 0 ? y : 2 - y;
}

/** NIST SP 800-22, section 2.1. */
function monobitP(bits: readonly number[]): number {
  const sum = bits.reduce((total, bit) => total + 2 * bit - 1, 0);
  return erfc(Math.abs(sum) / Math.sqrt(2 * bits.length));
}

/** NIST SP 800-22, section 2.3. */
function runsP(bits: readonly number[]): number {
  const n = bits.length;
  const ones = bits.reduce((total, bit) => total + bit, 0) / n;
  let runs = 1;
  for (let i = 1; i < n; i++) if (bits[i] !== bits[i - 1]) runs++;
  const spread = 2 * n * ones * (1 - ones);
  return erfc(Math.abs(runs - spread) / (2 * Math.sqrt(2 * n) * ones * (1 - ones)));
}

/** Chi-square of bytes against even shares, its p-value by Wilson and Hilferty's cube root. */
function byteP(bytes: Iterable<number>): number {
  const counts = new Array<number>(256).fill(0);
  let total = 0;
  for (const byte of bytes) {
    counts[byte] = (counts[byte] ?? 0) + 1;
    total++;
  }
  const expected = total / 256;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = 255;
  const z = (Math.cbrt(chi / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
  return erfc(z / Math.SQRT2) / 2;
}

describe(`What 100 keyfobs of CX chirp in a day (drawn by "${DRAW}")`, () => {
  const idBits = FRAMES.flatMap(({ id }) => bitsOf(id, FIXED_ID_BITS));
  const addressBits = FRAMES.flatMap(({ address }) => bitsOf(address, FIXED_ADDRESS_BITS));

  it("has 122 bits of each identifier and 46 of each address that cannot be told from coin tosses, whole or by runs", () => {
    expect(idBits).toHaveLength(KEYFOBS * IDS * 122);
    expect(addressBits).toHaveLength(KEYFOBS * IDS * 46);
    for (const bits of [idBits, addressBits]) {
      expect(monobitP(bits)).toBeGreaterThan(MIN_P);
      expect(runsP(bits)).toBeGreaterThan(MIN_P);
    }
  });

  it("has bytes that are evenly spread", () => {
    expect(byteP(FRAMES.flatMap(({ id }) => [...id].filter((_, i) => i !== 6 && i !== 8)))).toBeGreaterThan(MIN_P);
    expect(byteP(FRAMES.flatMap(({ address }) => [...address.subarray(1)]))).toBeGreaterThan(MIN_P);
  });

  it("repeats no identifier and no address, and is of one length throughout", () => {
    expect(new Set(FRAMES.map(({ id }) => id.toString("hex"))).size).toBe(KEYFOBS * IDS);
    expect(new Set(FRAMES.map(({ address }) => address.toString("hex"))).size).toBe(KEYFOBS * IDS);
    expect(new Set(FRAMES.map(({ frame }) => frame.length))).toEqual(new Set([30]));
  });

  it("does not tell a classifier whether two frames are of one keyfob: it is right half of the time", () => {
    // Naive Bayes on the bits in which two frames differ: trained on the first half of the keyfobs, asked about the others.
    const differences = (keyfob: number, other: number, i: number) => {
      const [a, b] = [KEYFOB_DAYS[keyfob]?.[i], KEYFOB_DAYS[other]?.[i + 1]];
      const xor = Buffer.alloc(30);
      for (let k = 0; k < xor.length; k++) xor[k] = (a?.frame[k] ?? 0) ^ (b?.frame[k] ?? 0);
      return bitsOf(xor, new Set());
    };
    const pairs = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => from + n).flatMap((keyfob) =>
        Array.from({ length: IDS - 1 }, (_, i) => ({
          same: differences(keyfob, keyfob, i),
          other: differences(keyfob, ((keyfob + 1 - from) % (to - from)) + from, i),
        })),
      );
    const training = pairs(0, 50);
    const share = (of: (pair: (typeof training)[number]) => number[]) =>
      Array.from(
        { length: 240 },
        (_, bit) => (training.reduce((sum, pair) => sum + (of(pair)[bit] ?? 0), 0) + 1) / (training.length + 2),
      );
    const [same, other] = [share((pair) => pair.same), share((pair) => pair.other)];
    const score = (bits: readonly number[]) =>
      bits.reduce((sum, bit, i) => {
        const [p, q] = [same[i] ?? 0.5, other[i] ?? 0.5];
        return sum + (bit ? Math.log(p / q) : Math.log((1 - p) / (1 - q)));
      }, 0);
    const asked = pairs(50, 100);
    const right = asked.reduce(
      (sum, pair) => sum + (score(pair.same) > 0 ? 1 : 0) + (score(pair.other) <= 0 ? 1 : 0),
      0,
    );
    expect(Math.abs(right / (2 * asked.length) - 0.5)).toBeLessThan(0.05);
  });
});

describe("these statistics", () => {
  it("notice a biased coin, a coin that remembers, and bytes that are not even", () => {
    const random = new SeededRandom(DRAW);
    const toss = (p: number) => (random.unit() < p ? 1 : 0);
    expect(monobitP(Array.from({ length: 100_000 }, () => toss(0.51)))).toBeLessThan(MIN_P);
    let last = 0;
    const sticky = Array.from({ length: 100_000 }, () => (last = random.unit() < 0.51 ? last : 1 - last));
    expect(runsP(sticky)).toBeLessThan(MIN_P);
    expect(byteP(Array.from({ length: 100_000 }, () => Math.floor(random.unit() * 250)))).toBeLessThan(MIN_P);
    expect(monobitP(Array.from({ length: 100_000 }, () => toss(0.5)))).toBeGreaterThan(MIN_P);
  });
});
