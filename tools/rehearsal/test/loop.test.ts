// The whole loop with everything real, small enough for every test run. loop.deep.test.ts has the crowd and the faults.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../../test/tools";
import { type CliResult, runCli } from "../../cli/test/runCli";
import type { LoopResult } from "../result";

/** A list of 2016, as the real ones are: keyfobs believe no such time, so it has to be moved and moved back. */
const HOUR = 411_246;

/** Contacts of three people in the last 20 minutes of an hour; 30 is never near 7. */
function contactList(): string {
  const lines: string[] = [];
  const meet = (fromMinute: number, seconds: number, a: string, b: string) => {
    const fromS = HOUR * 3600 + fromMinute * 60;
    for (let t = fromS + 20; t <= fromS + seconds; t += 20) lines.push(`${t}\t${a}\t${b}`);
  };
  meet(41, 400, "7", "12");
  meet(52, 20, "12", "7");
  meet(54, 180, "12", "30");
  return lines.sort().join("\n");
}

describe("chirpfob sim run", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-loop-"));
  const html = join(folder, "report.html");
  let answer: CliResult;
  let result: LoopResult;

  beforeAll(async () => {
    const contacts = join(folder, "three.tij");
    writeFileSync(contacts, contactList());
    answer = await runCli([
      ...["sim", "run", "--contacts", contacts, "--diagnosed", "7", "--json", "--html", html],
      ...["--from", String(HOUR * 3600 + 40 * 60), "--to", String((HOUR + 1) * 3600)],
    ]);
    expect(answer.stderr).not.toMatch(/failed/);
    result = answer.json() as unknown as LoopResult;
  }, 240_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("gives everybody the answer of the contact list, through every real part", () => {
    expect(result.people).toMatchObject([
      {
        id: "12",
        directMinutes: 8,
        sharedMinutes: 0,
        truthMinutes: 8,
        hours: [{ hour: HOUR, direct: 8, shared: 0, truth: 8 }],
      },
      { id: "30", directMinutes: 0, sharedMinutes: 0, truthMinutes: 0, hours: [] },
    ]);
    expect([result.precision, result.recall, result.differences]).toEqual([1, 1, []]);
  });

  it("uploads the full grid of a day, publishes filled hours, and counts what keyfobs did", () => {
    expect(result.uploads).toMatchObject([{ id: "7", bytes: 72 + 24 * 40, hours: 24, withheldHours: [] }]);
    const [shard] = result.shards;
    expect(shard?.seeds).toBe(23 * 12);
    expect(shard?.fillingSeeds).toBe(23 * 11);
    for (const { counts } of result.people) expect([counts.minutesMissed, counts.restarts]).toEqual([0, 1]);
    expect(result.people[0]?.counts.rowsWritten).toBe(11);
  });

  it("writes the report, and tells people what it is doing", () => {
    expect(readFileSync(html, "utf8")).toContain("3 people of three.tij");
    expect(answer.stderr).toMatch(/Everybody goes through the day[\s\S]*check the signature/);
  });
});

describe("chirpfob sim run that Ctrl-C ends", () => {
  it.each([
    ["in the middle of the day", /Everybody goes through the day/],
    ["while it begins", /Opening the exposure service/],
  ])(
    "%s leaves no folder behind",
    async (_, moment) => {
      const folder = mkdtempSync(join(tmpdir(), "chirpfob-loop-"));
      // A group of its own, as a terminal makes one for each command: Ctrl-C goes to all of it.
      const child = spawn(process.execPath, [join(ROOT, "bin/chirpfob.mjs"), "sim", "run", "--scenario", "household"], {
        detached: true,
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "ignore", "pipe"],
      });
      const ended = once(child, "exit");
      for await (const text of child.stderr) if (moment.test(String(text))) break;
      const isThere = () => readdirSync(folder).some((name) => name.startsWith("chirpfob-run-"));
      await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
      process.kill(-(child.pid as number), "SIGINT");
      await ended;
      // The service hears of it when it has made and used its keys, which takes many seconds beside other work.
      await expect.poll(isThere, { timeout: 150_000 }).toBe(false);
      rmSync(folder, { recursive: true, force: true });
    },
    240_000,
  );
});

describe("chirpfob sim run refuses", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-loop-"));
  const file = join(folder, "list.tij");
  beforeAll(() => writeFileSync(file, contactList()));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["people whom the list does not know", ["--people", "7,99"], /does not know 99/],
    ["to diagnose somebody who is not there", ["--diagnosed", "99"], /99/],
    [
      "an empty span, and says where the list's is",
      ["--from", "2016-12-30T08:00", "--to", "2016-12-30T09:00"],
      /nobody has a contact from 2016-12-30T08:00:00Z .*the list goes from 2016-11-30T06:41:00Z/,
    ],
    [
      "an empty span of people whom it was told",
      ["--people", "7,12", "--from", "2016-12-30T08:00", "--to", "2016-12-30T09:00"],
      /nobody/,
    ],
    ["a span that runs backwards", ["--from", "2000", "--to", "1000"], /empty/],
    ["a span of which no keyfob has all seeds", ["--from", "0"], /days long, but a keyfob keeps the seeds of 90/],
    ["a time that is none", ["--from", "yesterday"], /--from must be/],
    [
      "a report where there is no folder, before it runs for minutes",
      ["--html", "/nowhere/report.html"],
      /no folder \/nowhere/,
    ],
    ["a report in the place of a folder", ["--html", folder], /is a folder/],
    ["more repeaters than people to stand beside", ["--repeaters", "9"], /9 repeaters/],
  ])("%s", async (_, args, reason) => {
    const { exitCode, stderr, stdout } = await runCli(["sim", "run", "--contacts", file, ...args]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(reason);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("a file that is no contact list, naming the line", async () => {
    const bad = join(folder, "bad.tij");
    writeFileSync(bad, "1480486100\t7\t12\nhello\n");
    const { exitCode, stderr } = await runCli(["sim", "run", "--contacts", bad]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("bad.tij:2");
  });

  it("options that do not go together", async () => {
    expect((await runCli(["sim", "run", "--scenario", "town", "--people", "3"])).exitCode).toBe(2);
    expect((await runCli(["sim", "run", "--people", "3"])).exitCode).toBe(2);
    expect((await runCli(["sim", "run", "--scenario", "moon"])).exitCode).toBe(2);
  });
});
