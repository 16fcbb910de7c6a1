import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../sim/core/random";
import { readContactNetwork } from "../contactFile";
import { firstSharedInfection } from "../sharedSpace";
import { contactEpidemics, type Tracing } from "../temporalNetwork";

const SEED = "contacts 1";
const RUNS = 100_000;
const RATES = { beta: 2, sigma: 1, gamma: 0.5, hazard: 0 };
type Line = [string, string, number, number];

const CHAIN: Line[] = [
  ["A", "B", 0, 1],
  ["B", "C", 2, 3],
];

const network = (contacts: Line[], visits: Line[] = []) =>
  readContactNetwork(JSON.stringify({ contacts, visits }), "contacts.json");

function infected(contacts: Line[], tracing?: Tracing, rates = RATES, runs = RUNS) {
  return contactEpidemics(network(contacts), "A", rates, runs, new SeededRandom(SEED), tracing).infected;
}

/** Within 4.5 standard deviations: one in 150,000 true values fails. */
function expectShare(share: number | undefined, p: number, runs = RUNS): void {
  expect(Math.abs((share ?? Number.NaN) - p), `${share} for ${p}`).toBeLessThan(
    4.5 * Math.sqrt((p * (1 - p)) / runs) + 1e-6,
  );
}

describe(`contacts that begin and end (seed "${SEED}")`, () => {
  it.each([
    [[["A", "B", 0, 1]] as Line[], 0.734332],
    [[["A", "B", 3, 3.5]] as Line[], 0.127362],
    [
      [
        ["A", "B", 0, 0.5],
        ["B", "A", 2, 2.5],
      ] as Line[],
      0.648045,
    ],
    // Lines that overlap count once; what was before the source was infectious does not count.
    [
      [
        ["A", "B", 0, 0.7],
        ["B", "A", 0.5, 1],
        ["A", "B", -5, 0.2],
      ] as Line[],
      0.734332,
    ],
  ])("pass it on over %j with the exact chance %d", (contacts, p) => {
    expectShare(infected(contacts).B, p);
  });

  it("pass it on along a chain in the order of time only", () => {
    expectShare(infected(CHAIN).C, 0.310811);
    const turned: Line[] = [
      ["A", "B", 2, 3],
      ["B", "C", 0, 1],
    ];
    expect(infected(turned).C).toBe(0);
  });

  it.each([
    [0.5, 0, 1, 0.233108],
    [1, 1, 1, 0.223299],
    [0.6, 0.5, 0.7, 0.232487],
    [1, 1.5, 1, 0.310811],
  ])("are cut by tracing at adoption %d, told after %d, compliance %d", (adoption, toldAfter, compliance, p) => {
    expectShare(infected(CHAIN, { diagnosedAt: 1.5, toldAfter, adoption, compliance }).C, p);
  });

  it("with no adoption, or no compliance, go the very way that they go with nobody told", () => {
    const late = { diagnosedAt: 1.5, toldAfter: 0, adoption: 0, compliance: 1 };
    const nobody = infected(CHAIN, late, RATES, 2000);
    expect(infected(CHAIN, { ...late, adoption: 1, compliance: 0 }, RATES, 2000)).toEqual(nobody);
    expect(infected(CHAIN, undefined, RATES, 2000)).toEqual(nobody);
  });

  it("do not change with the order of lines or of the two people in each", () => {
    const lines: Line[] = [...CHAIN, ["A", "D", 0, 2], ["D", "C", 2, 4]];
    const turned = [...lines].reverse().map(([a, b, from, to]): Line => [b, a, from, to]);
    expect(infected(turned, undefined, RATES, 500)).toEqual(infected(lines, undefined, RATES, 500));
  });

  it.each([
    [[["A", "A", 0, 1]], "contacts[0]: A is not in contact"],
    [[["A", "B", 1, 0]], "must end after it begins"],
    [[["A", "B", 0]], "contacts[0]"],
    [[["A", "", 0, 1]], "contacts[0][1]: a name must not be empty"],
    [[["A", "B", 0, null]], "contacts[0][3]"],
    [[["A", 7, 0, 1]], "contacts[0][1]"],
    [[], "has no contacts"],
  ])("refuse %j", (contacts, complaint) => {
    expect(() => readContactNetwork(JSON.stringify({ contacts }), "contacts.json")).toThrow(complaint);
  });

  it("know who is in the list", () => {
    const unknown = () => contactEpidemics(network(CHAIN), "Z", RATES, 1, new SeededRandom(SEED));
    expect(unknown).toThrow('nobody called "Z"; it has A, B, C');
  });
});

describe("a shared space", () => {
  const visits: Line[] = [
    ["A", "till", 0, 10],
    ["B", "till", 12, 18],
    ["C", "till", 21, 30],
    ["D", "desk", 12, 18],
  ];

  it("has 33 pairs of minutes for somebody there from 0 to 9 and another from 12 to 17", () => {
    const { visits: all, people } = network([], visits);
    const of = (name: string) => all.filter(({ person }) => people[person] === name);
    expect(firstSharedInfection(of("A"), of("B"), 7.9)).toBe(12);
    expect(firstSharedInfection(of("A"), of("B"), 8)).toBe(13);
    expect(firstSharedInfection(of("A"), of("B"), 32.9)).toBe(17);
    expect(firstSharedInfection(of("A"), of("B"), 33)).toBeUndefined();
    expect(firstSharedInfection(of("A"), of("C"), 0)).toBeUndefined();
    expect(firstSharedInfection(of("A"), of("D"), 0)).toBeUndefined();
    expect(firstSharedInfection(of("B"), of("A"), 0)).toBeUndefined();
  });

  it("infects with 1 - exp(-hazard x pairs)", () => {
    const rates = { ...RATES, gamma: 1e-9, sigma: 1e-9, hazard: 0.02 };
    const found = contactEpidemics(network([], visits), "A", rates, RUNS, new SeededRandom(SEED)).infected;
    expectShare(found.B, 1 - Math.exp(-0.02 * 33));
    expect([found.C, found.D]).toEqual([0, 0]);
  });
});
