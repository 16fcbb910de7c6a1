import { describe, expect, it } from "vitest";
import { daysOf } from "../base/days";
import { StudyError } from "../base/errors";
import { encounterLog } from "../plan/encounterLog";
import { parseCohort, parseOwnCollision } from "../plan/inputs";

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof StudyError) return error.message;
    throw error;
  }
  return "none";
};

describe("a cohort file", () => {
  const person = { id: "a", infected: true, from: 1, until: 5, encounters: [{ with: "b", t0: 2, dummy: false }] };
  const keyfob = { id: "a", infectious: [5, 9], seeds: [], rows: [] };

  it.each([
    ["is no JSON", "{", "not JSON"],
    ["has no circuit", { participants: [person] }, "circuit"],
    ["has nobody", { circuit: "collision", participants: [] }, "participants"],
    ["has an id twice", { circuit: "collision", participants: [person, person] }, 'two participants with the id "a"'],
    ["has a word that means nothing", { circuit: "collision", participants: [{ ...person, ill: 1 }] }, "ill"],
    ["ends before it begins", { circuit: "collision", participants: [{ ...person, until: 0 }] }, "until 0, before 1"],
    [
      "has half a second",
      { circuit: "collision", participants: [{ ...person, encounters: [{ with: "b", t0: 0.5 }] }] },
      "participants.0.encounters.0.t0: must be a whole number from 0",
    ],
    [
      "has a time beyond 32 bits",
      { circuit: "collision", participants: [{ ...person, encounters: [{ with: "b", t0: 2 ** 32 }] }] },
      "t0",
    ],
    [
      "has half a seed",
      { circuit: "chirps", keyfobs: [{ ...keyfob, seeds: [{ hour: 1, seed: "00" }] }] },
      "32 bytes in hexadecimal",
    ],
    [
      "has a row of minute 60",
      { circuit: "chirps", keyfobs: [{ ...keyfob, rows: [{ hour: 1, row: `${"00".repeat(8)}3c000000` }] }] },
      "must be 0 to 59",
    ],
    [
      "is infectious backwards",
      { circuit: "chirps", keyfobs: [{ ...keyfob, infectious: [9, 5] }] },
      "until minute 5, before 9",
    ],
  ])("that %s is refused, and the refusal says where", (_, value, why) => {
    expect(refusal(() => parseCohort(bytes(value), "cohort.json"))).toContain(why);
  });

  it("may leave out limits and dummies, and name people who are not in it", () => {
    const cohort = parseCohort(
      bytes({
        circuit: "collision",
        participants: [
          { id: "a", infected: true, from: null, encounters: [] },
          {
            id: "b",
            infected: false,
            encounters: [
              { with: "a", t0: 1 },
              { with: "z", t0: 1 },
              { with: "z", t0: 2 },
            ],
          },
        ],
      }),
      "cohort.json",
    );
    const numbers = cohort.circuit === "collision" ? cohort.people[1]?.encounters.map((e) => e.with) : [];
    expect(numbers).toEqual([0, 2, 2]);
  });

  it("of one's own says one's number", () => {
    const own = { number: 7, infected: false, encounters: [{ with: 8, t0: 1 }] };
    expect(parseOwnCollision(bytes(own), "mine.json")).toMatchObject({
      number: 7,
      encounters: [{ with: 8, dummy: false }],
    });
    expect(refusal(() => parseOwnCollision(bytes({ ...own, number: "7" }), "mine.json"))).toContain("number");
  });
});

describe("the log of encounters", () => {
  const log = (segments: readonly (readonly [string, string, number, number, number])[], delta = 2, tau = 10) =>
    encounterLog(
      bytes({ segments: segments.map(([a, b, from, until, metres]) => ({ a, b, from, until, metres })) }),
      "s.json",
      delta,
      tau,
    );

  it("has a longest span near enough at both ends, from when it began", () => {
    expect(
      log([
        ["a", "b", 100, 104, 1.5],
        ["b", "a", 104, 110, 2],
        ["a", "b", 110, 300, 2.01],
      ]),
    ).toEqual([
      { id: "a", encounters: [{ with: "b", t0: 100 }] },
      { id: "b", encounters: [{ with: "a", t0: 100 }] },
    ]);
  });

  it("has none that is a moment too short, or ended by any gap", () => {
    const nobody = [
      { id: "a", encounters: [] },
      { id: "b", encounters: [] },
    ];
    expect(log([["a", "b", 0, 9.999, 1]])).toEqual(nobody);
    expect(
      log([
        ["a", "b", 0, 9, 1],
        ["a", "b", 9.001, 18, 1],
      ]),
    ).toEqual(nobody);
    expect(
      log([
        ["a", "b", 0, 6, 1],
        ["a", "b", 6, 7, 3],
        ["a", "b", 7, 14, 1],
      ]),
    ).toEqual(nobody);
  });

  it("counts a span that lasts exactly long enough, at exactly the distance, in any order of lines", () => {
    const found = log([
      ["b", "a", 20, 30, 2],
      ["a", "b", 0, 10, 2],
      ["c", "a", 5, 40, 1],
    ]);
    expect(found[0]).toEqual({
      id: "a",
      encounters: [
        { with: "b", t0: 0 },
        { with: "c", t0: 5 },
        { with: "b", t0: 20 },
      ],
    });
  });

  it("refuses two distances at once, a distance to oneself and a span that ends before it begins", () => {
    expect(
      refusal(() =>
        log([
          ["a", "b", 0, 10, 1],
          ["b", "a", 9, 12, 1],
        ]),
      ),
    ).toContain("two distances at second 9");
    expect(refusal(() => log([["a", "a", 0, 10, 1]]))).toContain("distance to itself");
    expect(refusal(() => log([["a", "b", 5, 5, 1]]))).toContain("ends at 5, not after 5");
  });
});

it("days are written as one date or two, in UTC", () => {
  expect(daysOf("2026-11-30")).toEqual([20_787]);
  expect(daysOf("2026-11-29..2026-12-01")).toEqual([20_786, 20_787, 20_788]);
  for (const wrong of ["2026-11-31", "2026-12-01..2026-11-29", "yesterday", "2026-11-01..2026-11-02..2026-11-03"])
    expect(refusal(() => daysOf(wrong))).toContain("days are written as");
});
