import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "./runCli";

const folder = mkdtempSync(join(tmpdir(), "model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const model = (line: string, ...more: string[]) => runCli(["model", ...line.split(" "), ...more]);
const GRAPH = file("graph.json", {
  nodes: 3,
  edges: [
    [0, 1],
    [1, 2],
  ],
});
const CONTACTS = file("contacts.json", {
  contacts: [
    ["A", "B", 0, 1],
    ["B", "C", 2, 3],
  ],
});
const QUICK = "keyfobs --population 2000 --adoption 0,0.5,1 --sync-days 1,7 --repeaters 0 --runs 3";

describe("chirpfob model", () => {
  it("seir prints points and the final size", async () => {
    const line = "seir --beta 0.5 --sigma 0.2 --gamma 0.25 --e0 0 --i0 1e-9 --days 10 --step 2.5 --json";
    const { exitCode, json } = await model(line);
    expect(exitCode).toBe(0);
    const { points, finalSize } = json() as { points: Record<string, number>[]; finalSize: number };
    expect(points.map(({ t }) => t)).toEqual([0, 2.5, 5, 7.5, 10]);
    expect(Object.keys(points[0] ?? {})).toEqual(["t", "S", "E", "I", "R"]);
    expect(finalSize).toBeCloseTo(0.796812, 6);
  });

  it("seir takes groups from a file", async () => {
    const groups = file("groups.json", {
      groups: [
        { name: "a", share: 0.4, i0: 0.001 },
        { name: "b", share: 0.6, i0: 0.001 },
      ],
      beta: [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    });
    const { json } = await model("seir --sigma 0.2 --gamma 0.25 --days 5 --json", "--groups", groups);
    const { points, groups: sizes, r0 } = json() as { points: { groups: unknown[] }[]; groups: object[]; r0: number };
    expect(points[0]?.groups).toHaveLength(2);
    expect(sizes.map((g) => Object.keys(g))).toEqual([
      ["name", "finalSize"],
      ["name", "finalSize"],
    ]);
    expect(r0).toBeCloseTo(2, 9);
  });

  it("pairwise prints the pairs as well", async () => {
    const line =
      "pairwise --degree 5 --population 1000 --tau 0.1 --sigma 0.5 --gamma 0.2 --e0 0 --i0 0.01 --phi 0 --days 4 --step 2 --json";
    const { points, finalSize } = (await model(line)).json() as { points: Record<string, number>[]; finalSize: number };
    expect(Object.keys(points[1] ?? {}).join()).toBe("t,S,E,I,R,SS,SE,SI,SR,EE,EI,ER,II,IR,RR");
    expect(1 - finalSize).toBeCloseTo(0.336316854519, 10);
  });

  it("network prints the law of the final size of a graph, the same for the same seed", async () => {
    const line = "network --start 0 --tau 1 --sigma 1 --gamma 1 --runs 4000 --seed 7 --json";
    const { finalSizeLaw, mean } = (await model(line, "--graph", GRAPH)).json() as {
      finalSizeLaw: Record<string, number>;
      mean: number;
    };
    expect(finalSizeLaw["1"]).toBeCloseTo(0.5, 1);
    expect(mean).toBeCloseTo(1.75, 1);
    expect((await model(line, "--graph", GRAPH)).json()).toMatchObject({ finalSizeLaw, mean });
  });

  it("network prints who is infected over contacts, and what tracing cuts", async () => {
    const line = "network --source A --beta 2 --sigma 1 --gamma 0.5 --runs 4000 --seed 7 --json";
    const free = (await model(line, "--contacts", CONTACTS)).json() as { infected: Record<string, number> };
    expect(free.infected).toEqual({ B: expect.closeTo(0.734, 1), C: expect.closeTo(0.311, 1) });
    const cut = (await model(line, "--contacts", CONTACTS, "--diagnosed", "1.5")).json() as typeof free;
    expect(cut.infected.C).toBe(0);
  });

  it("network draws graphs", async () => {
    for (const kind of ["--regular", "--poisson"]) {
      const { exitCode, json } = await model(`network --population 100 --tau 1 --runs 20 --json ${kind} 4`);
      expect(exitCode).toBe(0);
      expect(json().mean).toBeGreaterThan(10);
    }
  });

  it("tracing prints R and the critical adoption", async () => {
    const { json } = await model("tracing --beta 1 --gamma 0.25 --delta 0.25 --adoption 0.8 --json");
    expect(json()).toEqual({ R: expect.closeTo(1.2172, 4), criticalAdoption: expect.closeTo(0.866025, 6) });
  });

  it("keyfobs says first that it is no forecast, and prints, reports and repeats the same", async () => {
    const html = join(folder, "report.html");
    const { exitCode, json } = await model(`${QUICK} --json`, "--html", html);
    expect(exitCode).toBe(0);
    const answer = json() as { notice: string; command: string; settings: object[]; sources: object[] };
    expect(answer.notice).toMatch(/^A model, not a forecast/);
    expect(answer.settings).toHaveLength(6);
    expect(answer.sources.length).toBeGreaterThan(15);
    const page = readFileSync(html, "utf8");
    expect(page.indexOf("A model, not a forecast")).toBeLessThan(page.indexOf("<h1>"));
    expect(page).toContain(answer.command);
    const again = await runCli([...answer.command.split(" ").slice(1), "--json"]);
    expect((again.json() as typeof answer).settings).toEqual(answer.settings);
    expect((await model(QUICK)).stdout).toMatch(/^A model, not a forecast/);
  });

  it.each([
    ["seir --beta NaN", "--beta must be a number"],
    ["seir --beta -1", "--beta must be a number from 0"],
    ["seir --beta Infinity", "--beta must be a number"],
    ["seir --gamma 0", "--gamma must be more than 0"],
    ["seir --e0 0.7 --i0 0.7", "more than 1"],
    ["seir --step 0", "--step must be more than 0"],
    ["seir --days 1e6 --step 0.001", "larger --step"],
    ["seir --groups missing.json", "there is no such file"],
    ["pairwise --degree 0 --tau 1", "--degree must be a whole number from 1"],
    ["pairwise --degree 10 --population 10 --tau 1", "less than --population"],
    ["tracing --beta 1 --gamma 1 --delta 0", "--delta must be more than 0"],
    ["tracing --beta 1 --gamma 1 --delta 1 --adoption 1.1", "--adoption must be a number from 0 to 1"],
    [`network --graph ${GRAPH} --tau 1 --start 3`, "--start must be a whole number from 0 to 2"],
    [`network --graph ${GRAPH} --tau 1 --runs 0`, "--runs must be a whole number from 1"],
    [`network --graph ${CONTACTS} --tau 1`, "contacts.json"],
    [`network --contacts ${CONTACTS} --source Z --beta 1`, 'nobody called "Z"'],
    [`network --contacts ${CONTACTS} --source A --beta 1 --hazard 1`, '--hazard needs "visits"'],
    ["keyfobs --population 10", "--population must be a whole number from 100"],
    ["keyfobs --adoption 0:2:0.1", "--adoption must be a number from 0 to 1"],
    ["keyfobs --adoption 1:0:0.1", "from a smaller to a larger"],
    ["keyfobs --adoption 0:1", "from:to:step"],
    ["keyfobs --adoption 0:1:0", "from a smaller to a larger"],
    ["keyfobs --sync-days 1,,3", "--sync-days must be a number"],
    ["keyfobs --repeaters x", "--repeaters must be a number"],
    ["keyfobs --html nowhere/at/all.html", "there is no folder"],
  ])("refuses %s with exit code 1 and a line that says why", async (line, complaint) => {
    const { exitCode, stdout, stderr } = await model(line);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(complaint);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it.each([
    "network",
    `network --graph ${GRAPH}`,
    `network --contacts ${CONTACTS} --beta 1`,
    `network --graph ${GRAPH} --contacts ${CONTACTS}`,
    `network --graph ${GRAPH} --tau 1 --source A`,
    `network --contacts ${CONTACTS} --source A --beta 1 --adoption 0.5`,
    "pairwise --degree 3",
    "tracing --beta 1",
    "seir --speed 1",
  ])("answers the wrong command line %s with exit code 2", async (line) => {
    expect((await model(line)).exitCode).toBe(2);
  });
});
