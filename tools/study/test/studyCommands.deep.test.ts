import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstMinuteOfHour } from "../../../protocol/base/time";
import { chirpOf } from "../../../protocol/beacon/chirp";
import { Beacon } from "../../../protocol/beacon/sighting";
import { sealRow } from "../../../protocol/log/contactRow";
import { nativeSha256 } from "../../base/sha256";
import { runCli } from "../../cli/test/runCli";
import { LEAST_COHORT } from "../plan/descriptor";
import { freePorts, ServerProcess } from "../simulate/serverProcesses";

describe("`chirpfob study`", () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);
  const processes: ServerProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "study commands ü-"));
  });
  afterAll(async () => {
    for (const process of processes) process.kill();
    await Promise.all(processes.map(({ ended }) => ended));
    await rm(folder, { recursive: true, force: true });
  });

  it("makes folders that only their institution can read, and none twice", async () => {
    for (const [i, port] of (await freePorts(3)).entries()) {
      const args = ["study", "keys", "--data", path(`s${i}`), "--name", `Institution ${i}`, "--port", String(port)];
      expect((await runCli(args)).exitCode).toBe(0);
      expect((await stat(path(`s${i}`))).mode & 0o777).toBe(0o700);
      expect((await stat(path(`s${i}/key.pem`))).mode & 0o777).toBe(0o600);
      const again = await runCli(args);
      expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining("institution's folder already")]);
    }
  });

  it("makes a study, its invitations, and gives each participant their own answer", async () => {
    const servers = [0, 1, 2].map((i) => path(`s${i}/institution.json`));
    const create = ["study", "create", "--title", "T", "--circuit", "collision", "--days", "2026-11-01..2026-11-03"];
    const sizes = ["--participants", String(LEAST_COHORT), "--heard", "3", ...servers];
    const files = ["-o", path("study.json"), "--invitations", path("invitations.txt")];
    const two = await runCli([...create, ...sizes.slice(0, -1), ...files]);
    expect([two.exitCode, two.stderr]).toEqual([1, expect.stringContaining("it has 2 servers, must be 3, 5, 7")]);
    expect((await runCli([...create, ...sizes, ...files])).exitCode).toBe(0);
    const invitations = (await readFile(path("invitations.txt"), "utf8")).trim().split("\n");
    expect(invitations).toHaveLength(LEAST_COHORT);

    for (const i of [0, 1, 2]) processes.push(new ServerProcess(path(`s${i}`), path("study.json")));
    await Promise.all(processes.map((process) => process.phase("collect")));
    const study = ["--study", path("study.json")];
    for (const [number, invitation] of invitations.entries()) {
      const own = { number, infected: number === 0, encounters: number === 1 ? [{ with: 0, t0: 42 }] : [] };
      await writeFile(path(`in${number}.json`), JSON.stringify(own));
      const join = ["study", "join", ...study, "--invitation", invitation, "--input", path(`in${number}.json`)];
      const { exitCode } = await runCli([...join, "-o", path(`receipt${number}.json`)]);
      expect(exitCode).toBe(0);
      if (number > 0) continue;
      const again = await runCli([...join, "-o", path("another.json")]);
      expect([again.exitCode, again.stderr]).toEqual([4, expect.stringContaining("taken part with this invitation")]);
      const early = await runCli(["study", "result", ...study, "--receipt", path("receipt0.json")]);
      expect([early.exitCode, early.stderr]).toEqual([4, expect.stringContaining("not yet")]);
    }
    await Promise.all(processes.map((process) => process.phase("return")));
    for (const number of invitations.keys()) {
      const got = await runCli(["study", "result", ...study, "--receipt", path(`receipt${number}.json`), "--json"]);
      expect(got.json()).toEqual(number === 1 ? { exposed: true, first: 42 } : { exposed: false, first: null });
    }
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  });

  it.each([3, 5])("simulates `chirps` with %i servers, and prints what each of them has done", async (servers) => {
    const seed = Buffer.alloc(32, 9);
    const hour = 494_400;
    const rows = Array.from({ length: 16 }, (_, i) => {
      const minute = firstMinuteOfHour(hour) + i;
      const metadata = { maxRssi: -60, txPower: 0, delay: i < 14 ? 0 : 4, hearings: 1 };
      return {
        hour,
        row: sealRow(nativeSha256, Beacon.Pact, chirpOf(nativeSha256, seed, minute), minute, metadata).toString("hex"),
      };
    });
    const cohort = {
      circuit: "chirps",
      keyfobs: [
        {
          id: "a",
          infectious: [0, firstMinuteOfHour(hour) + 15],
          seeds: [{ hour, seed: seed.toString("hex") }],
          rows: [],
        },
        { id: "b", infectious: null, seeds: [], rows },
      ],
    };
    await writeFile(path("cohort.json"), JSON.stringify(cohort));
    const args = ["study", "simulate", "--cohort", path("cohort.json"), "--servers", String(servers), "--json"];
    const printed = (await runCli(args)).json() as {
      participants: { id: string; days: Record<string, unknown>[] }[];
      servers: { ands: number; rounds: number; bytes: number; shuffleBytes: number }[];
    };
    const date = { day: 20_600, date: "2026-05-27" };
    expect(printed.participants).toEqual([
      { id: "a", days: [{ ...date, direct: [0, 0, 0, 0], shared: 0, weightedHundredths: 0, advice: "none" }] },
      { id: "b", days: [{ ...date, direct: [0, 14, 0, 0], shared: 1, weightedHundredths: 1425, advice: "notice" }] },
    ]);
    expect(printed.servers).toHaveLength(servers);
    for (const { ands, rounds, bytes, shuffleBytes } of printed.servers) {
      expect([ands, rounds]).toEqual([printed.servers[0]?.ands, printed.servers[0]?.rounds]);
      if (servers > 3) continue;
      const expected = ands / 8 + shuffleBytes;
      expect(Math.abs(bytes - expected) / expected).toBeLessThan(0.05);
    }
  });
});
