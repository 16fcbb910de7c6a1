import { describe, expect, it } from "vitest";
import { parseContacts } from "../../sim/contacts/contactList";
import { builtInScene, SCENARIO_NAMES } from "../scenarios/builtIn";
import { encountersOf, sceneOfList } from "../scene";
import { GroundTruth } from "../truth";

const HOUR_S = 475_000 * 3600;

/** Lines of a contact list, seconds from a whole hour. */
function list(...lines: [number, string, string][]) {
  return parseContacts(lines.map(([t, i, j]) => `${HOUR_S + t}\t${i}\t${j}`).join("\n"), "test");
}

function minutesFrom(minutes: ReadonlySet<number>): number[] {
  return [...minutes].map((minute) => minute - HOUR_S / 60).sort((a, b) => a - b);
}

describe("the ground truth of a contact list", () => {
  it("counts a minute once, however many of its lines fall into it, and whoever comes first in the line", () => {
    const scene = sceneOfList({
      name: "test",
      contacts: list([20, "1", "2"], [40, "2", "1"], [60, "1", "2"], [120, "1", "2"]),
      repeaters: 0,
    });
    expect(minutesFrom(new GroundTruth(scene).pair("1", "2").direct)).toEqual([0, 1]);
  });

  it("counts both minutes of a contact that lies across their edge", () => {
    const scene = sceneOfList({ name: "test", contacts: list([70, "1", "2"]), repeaters: 0 });
    const truth = new GroundTruth(scene);
    expect(minutesFrom(truth.pair("1", "2").direct)).toEqual([0, 1]);
    expect([0, 1, 2].map((minute) => truth.secondsIn("1", "2", HOUR_S / 60 + minute))).toEqual([10, 10, 0]);
  });

  it("puts a repeater's visitors of one to ten minutes later into shared space, and nobody after that", () => {
    const scene = builtInScene("shop");
    const truth = new GroundTruth(scene);
    const sizes = (id: string) => {
      const { direct, shared } = truth.pair(id, "ada");
      return [direct.size, shared.size];
    };
    // Ada stands there from 10:15:20 to 10:21:20: the chirps of seven minutes, each repeated for ten.
    expect(sizes("gus")).toEqual([7, 0]);
    expect(sizes("kim")).toEqual([0, 7]);
    expect(sizes("hana")).toEqual([0, 3]);
    expect(sizes("ivo")).toEqual([0, 0]);
    expect(sizes("jo")).toEqual([0, 0]);
  });

  it("knows that the visitor who comes in the next minute shared the space, and met nobody", () => {
    const scene = sceneOfList({
      name: "test",
      contacts: list([20, "ill", "clerk"], [100, "guest", "clerk"], [120, "guest", "clerk"]),
      diagnosed: ["ill"],
      repeaters: 1,
    });
    expect(scene.repeaters.map(({ name }) => name)).toEqual(["Repeater 1 (beside clerk)"]);
    const { direct, shared } = new GroundTruth(scene).pair("guest", "ill");
    expect([minutesFrom(direct), minutesFrom(shared)]).toEqual([[], [0]]);
  });
});

describe("a scene", () => {
  it("joins lines that follow each other to one encounter", () => {
    const scene = sceneOfList({
      name: "test",
      contacts: list([20, "1", "2"], [40, "1", "2"], [100, "2", "1"]),
      repeaters: 0,
    });
    expect(encountersOf(scene).map(({ fromS, toS }) => [fromS - HOUR_S, toS - HOUR_S])).toEqual([
      [0, 40],
      [80, 100],
    ]);
  });

  it("refuses people, infected people and spans that are not there", () => {
    const contacts = list([20, "1", "2"]);
    expect(() => sceneOfList({ name: "x", contacts, repeaters: 0, people: ["1", "9"] })).toThrow(/does not know 9/);
    expect(() => sceneOfList({ name: "x", contacts, repeaters: 0, diagnosed: ["9"] })).toThrow(/9/);
    expect(() => sceneOfList({ name: "x", contacts, repeaters: 2 })).toThrow(/2 repeaters/);
    expect(() => sceneOfList({ name: "x", contacts, repeaters: 0, fromS: HOUR_S + 600, toS: HOUR_S + 900 })).toThrow(
      /nobody/,
    );
  });

  it.each(SCENARIO_NAMES)("built in as %s names nobody who is not there, and lies within its hours", (name) => {
    const scene = builtInScene(name);
    const known = new Set([...scene.people, ...scene.repeaters].map(({ id }) => id));
    for (const { a, b, endS } of scene.contacts) {
      expect([known.has(a), known.has(b)]).toEqual([true, true]);
      expect(endS).toBeGreaterThan(scene.fromS);
      expect(endS).toBeLessThanOrEqual(scene.toS);
    }
    for (const id of [...scene.diagnosed, ...scene.snoozes.map((snooze) => snooze.id)]) expect(known).toContain(id);
  });
});
