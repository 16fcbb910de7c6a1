import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import { SeededRandom } from "../../tools/sim/core/random";
import { ChirpTable, NONE } from "../chirpTable";
import { Rounds } from "../rounds";
import { SeenChirps } from "../seenChirps";

const MINUTE_S = 60;

function chirpOf(n: number): Buffer {
  return Buffer.from(new SeededRandom(`chirp ${n}`).bytes(28));
}

/** Chirps whose last bytes, which choose the bucket, are alike. */
function crowdedChirp(n: number): Buffer {
  const chirp = chirpOf(n);
  chirp[27] = n % 3;
  chirp[26] = 0;
  return chirp;
}

/** The table's raw memory. */
function memoryOf(table: object): Buffer {
  return Buffer.concat(Object.values(table).filter((field): field is Buffer => Buffer.isBuffer(field)));
}

describe("the chirp table", () => {
  it("finds what was added and not removed, whatever happened in between", () => {
    const operation = fc.record({
      kind: fc.constantFrom("add", "add", "add", "remove", "strengthen", "compact", "replace"),
      n: fc.nat(30),
      rssiDbm: fc.integer({ min: -127, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const table = new ChirpTable(12);
        const model = new Map<number, number>();
        for (const { kind, n, rssiDbm } of operations) {
          const index = table.find(crowdedChirp(n));
          expect(index !== NONE).toBe(model.has(n));
          if (kind === "compact") table.compact();
          else if (kind === "add" && index === NONE) {
            expect(table.add(crowdedChirp(n), rssiDbm, 5)).toBe(model.size < 12);
            if (model.size < 12) model.set(n, rssiDbm);
          } else if (kind === "remove" && index !== NONE) {
            table.remove(index);
            model.delete(n);
          } else if (kind === "strengthen" && index !== NONE) {
            table.strengthen(index, rssiDbm);
            model.set(n, Math.max(rssiDbm, model.get(n) as number));
          } else if (kind === "replace" && index === NONE) {
            const weakest = Math.min(...model.values());
            const victim = table.weakerThan(rssiDbm);
            expect(victim !== NONE).toBe(model.size > 0 && weakest < rssiDbm);
            if (victim === NONE) continue;
            const gone = [...model].find(([m]) => table.find(crowdedChirp(m)) === victim) as [number, number];
            expect(gone[1]).toBe(weakest);
            table.replace(victim, crowdedChirp(n), rssiDbm, 5);
            model.delete(gone[0]);
            model.set(n, rssiDbm);
          }
          expect(table.count).toBe(model.size);
        }
        for (let n = 0; n <= 30; n++) expect(table.find(crowdedChirp(n)) !== NONE).toBe(model.has(n));
      }),
      { numRuns: 300 },
    );
  });

  it("overwrites a chirp when it is removed, also after it moved", () => {
    const table = new ChirpTable(4);
    for (let n = 0; n < 4; n++) table.add(chirpOf(n), -50, 0);
    table.remove(table.find(chirpOf(0)));
    table.compact();
    expect(memoryOf(table).includes(chirpOf(3))).toBe(true);
    table.remove(table.find(chirpOf(3)));
    for (const n of [0, 3]) expect(memoryOf(table).includes(chirpOf(n).subarray(0, 6))).toBe(false);
    table.clear();
    for (const byte of memoryOf(table)) expect(byte).toBe(0);
  });

  it("tells the age of a chirp across the wrap of its 16-bit seconds", () => {
    const table = new ChirpTable(1);
    table.add(chirpOf(0), -50, 65_530);
    expect(table.ageMinutes(0, 65_589)).toBe(0);
    expect(table.ageMinutes(0, 65_590)).toBe(1);
    expect(table.ageMinutes(0, 65_530 + 659)).toBe(10);
    expect(table.countOlder(60, 65_530 + 659)).toBe(1);
    expect(table.countOlder(660, 65_530 + 659)).toBe(0);
  });
});

describe("the memory of chirps that were seen", () => {
  it("knows a chirp for as long after its last hearing as it was told, then overwrites it", () => {
    const seen = new SeenChirps(64, 15);
    seen.add(chirpOf(1), 100);
    expect(seen.renew(chirpOf(2), 100)).toBe(false);
    expect(seen.renew(chirpOf(1), 115)).toBe(true);
    expect(seen.renew(chirpOf(1), 130)).toBe(true);
    expect(seen.renew(chirpOf(1), 146)).toBe(false);
    for (let second = 0; second < 60; second++) seen.forgetOld(146);
    for (const byte of memoryOf(seen)) expect(byte).toBe(0);
  });

  it("counts minutes on across the wrap of its 8-bit stamps", () => {
    const seen = new SeenChirps(64, 15);
    seen.add(chirpOf(1), 250);
    expect(seen.renew(chirpOf(1), 264)).toBe(true);
    expect(seen.renew(chirpOf(1), 280)).toBe(false);
  });

  it("gives the place of the one not heard for longest to a new one", () => {
    const seen = new SeenChirps(1, 15);
    for (let n = 0; n < 8; n++) seen.add(chirpOf(n), n);
    seen.renew(chirpOf(0), 8);
    seen.add(chirpOf(8), 9);
    expect(seen.renew(chirpOf(1), 9)).toBe(false);
    for (const n of [0, 2, 3, 4, 5, 6, 7, 8]) expect(seen.renew(chirpOf(n), 9), `chirp ${n}`).toBe(true);
  });
});

describe("rounds", () => {
  const random = (): ((below: number) => number) => {
    const generator = new SeededRandom("rounds");
    return (below) => generator.uint32() % below;
  };

  it("give every live chirp one turn each, and none to those in their first minute or past their last", () => {
    const table = new ChirpTable(50);
    const heardAtS = (n: number): number => n * 15;
    for (let n = 0; n < 50; n++) table.add(chirpOf(n), -50, heardAtS(n));
    const rounds = new Rounds(table, random());
    const nowS = 700;
    for (let round = 0; round < 20; round++) {
      const turns: number[] = [];
      for (let i = rounds.next(round * 1000, nowS, 1000); i !== NONE; i = rounds.next(round * 1000, nowS, 1000))
        turns.push(i);
      const live = Array.from({ length: 50 }, (_, n) => n).filter((n) => {
        const age = Math.floor((nowS - heardAtS(n)) / MINUTE_S);
        return age >= 1 && age <= MAX_AGE_MINUTES;
      });
      expect(turns.sort((a, b) => a - b)).toEqual(live);
    }
  });

  it("put a chirp at places that are spread evenly over a round, so that no scan rhythm meets it always or never", () => {
    const table = new ChirpTable(97);
    for (let n = 0; n < 97; n++) table.add(chirpOf(n), -50, 0);
    const rounds = new Rounds(table, random());
    const inFirstHalf = new Array(97).fill(0);
    const count = 400;
    for (let round = 0; round < count; round++)
      for (let turn = 0; turn < 97; turn++) {
        const index = rounds.next(round, 60, 0);
        if (turn < 48) inFirstHalf[index]++;
      }
    // Binomial: 198 expected, standard deviation 10.
    for (const hits of inFirstHalf) expect(Math.abs(hits - (count * 48) / 97)).toBeLessThan(50);
  });

  it("do not begin before their time, however few chirps there are", () => {
    const table = new ChirpTable(2);
    table.add(chirpOf(0), -50, 0);
    const rounds = new Rounds(table, random());
    expect(rounds.next(60_000, 60, 250)).toBe(0);
    expect(rounds.next(60_249, 60, 250)).toBe(NONE);
    expect(rounds.next(60_250, 60, 250)).toBe(0);
  });
});
