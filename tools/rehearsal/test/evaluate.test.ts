import { describe, expect, it } from "vitest";
import { evaluate } from "../evaluate";
import { builtInScene } from "../scenarios/builtIn";
import { GroundTruth } from "../truth";
import { idealAnswers } from "./ideal";

const scene = builtInScene("town");
const circumstances = { scene, truth: new GroundTruth(scene), powerLosses: [] };

describe("answers beside the truth", () => {
  it("are right in every minute, but for the hour that was left out, and say so", () => {
    const evaluation = evaluate(circumstances, idealAnswers(scene));
    expect(evaluation.people.map((p) => [p.id, p.directMinutes, p.truthMinutes, p.sharedMinutes, p.advice])).toEqual([
      ["ben", 12, 12, 0, "alert"],
      ["cleo", 12, 12, 0, "alert"],
      ["dora", 12, 12, 0, "alert"],
      ["emil", 12, 12, 0, "alert"],
      ["finn", 0, 20, 0, "none"],
      ["gus", 7, 7, 0, "notice"],
      ["hana", 0, 0, 3, "none"],
      ["ivo", 0, 0, 0, "none"],
    ]);
    expect(evaluation.precision).toBe(1);
    expect(evaluation.recall).toBeCloseTo(55 / 75, 10);
    expect(evaluation.differences).toMatchObject([{ id: "finn", minutes: -20, kind: "redacted", path: "direct" }]);
    expect(evaluation.unexplainedMinutes).toBe(0);
  });

  it("lose precision by a minute that the list does not know, and recall by one that was not heard", () => {
    const answers = idealAnswers(scene).map((answer) => {
      if (answer.id !== "ben") return answer;
      const logged = answer.logged.get("ada");
      const minutes = [...(logged?.direct ?? [])];
      const direct = new Set([...minutes.slice(1), (minutes[0] ?? 0) + 40]);
      return { ...answer, logged: new Map([["ada", { direct, shared: new Set<number>() }]]) };
    });
    const evaluation = evaluate(circumstances, answers);
    expect(evaluation.precision).toBeCloseTo(54 / 55, 10);
    expect(evaluation.recall).toBeCloseTo(54 / 75, 10);
    const ben = evaluation.differences.filter(({ id }) => id === "ben").map((d) => `${d.minutes} ${d.kind}`);
    expect(ben.sort()).toEqual(["-1 notHeard", "1 false"]);
    expect(evaluation.unexplainedMinutes).toBe(2);
  });

  it("lose precision by what a keyfob says without having it in its log", () => {
    const answers = idealAnswers(scene).map((answer) =>
      answer.id === "ivo"
        ? {
            ...answer,
            results: [
              { hour: Math.floor(scene.fromS / 3600), direct: [3, 0, 0, 0], shared: [0, 0, 0, 0], reverse: false },
            ],
          }
        : answer,
    );
    expect(evaluate(circumstances, answers).precision).toBeCloseTo(55 / 58, 10);
  });

  it("name power losses and brief touches as reasons", () => {
    const household = builtInScene("household");
    const ada = household.fromS + 300;
    const silent = idealAnswers(household).map((answer) => ({ ...answer, results: [], logged: new Map() }));
    const evaluation = evaluate(
      {
        scene: household,
        truth: new GroundTruth(household),
        powerLosses: [{ id: "ben", fromS: ada + 120, toS: ada + 135 }],
      },
      silent,
    );
    expect(evaluation.recall).toBe(0);
    const ben = evaluation.differences.filter(({ id }) => id === "ben").map((d) => [d.minutes, d.kind]);
    expect(ben).toContainEqual([-1, "noPower"]);
  });

  it("tell contacts apart by their length", () => {
    const { contacts } = evaluate(circumstances, idealAnswers(scene));
    expect(contacts.map((c) => [c.minMinutes, c.contacts, c.found])).toEqual([
      [1, 0, 0],
      [2, 0, 0],
      [5, 5, 5],
      [15, 1, 0],
    ]);
  });
});
