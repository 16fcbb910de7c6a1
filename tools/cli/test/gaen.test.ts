import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sealAem } from "../../../protocol/beacon/gaen";
import { KeySchedule } from "../../gaen/keySchedule";
import { makeExport, makeKeyPair, type Signing, type WantedKey } from "../../gaen/test/makeExport";
import { runCli } from "./runCli";

const folder = mkdtempSync(join(tmpdir(), "chirpfob-gaen-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const PAIR = makeKeyPair();
const PEM = file("authority.pem", PAIR.pem);
const OTHER_PEM = file("other.pem", makeKeyPair().pem);
const TEK = Buffer.alloc(16, 7);
const START = 2_649_888;
const KEYS: WantedKey[] = [
  { key: TEK, start: START, period: 144, reportType: 1, onsetDays: -2, risk: 3 },
  { key: Buffer.alloc(17, 1), start: START },
];

function exported(name: string, signing: Partial<Signing> = {}, keys = KEYS, revised: WantedKey[] = []): string {
  return file(name, makeExport(keys, [{ privateKey: PAIR.privateKey, ...signing }], revised));
}

const GENUINE = exported("export.zip");

describe("chirpfob inspect gaen-export", () => {
  const inspect = (path: string, ...args: string[]) => runCli(["inspect", "gaen-export", path, ...args, "--json"]);

  it("prints everything that a verified export says, and why a key was refused", async () => {
    const result = await inspect(GENUINE, "--public-key", PEM, "--key-id", "310", "--key-version", "v1");
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.json()).toEqual({
      verified: true,
      region: "US",
      window: {
        start: "2020-11-19T20:45:00.000Z",
        end: "2020-11-19T20:50:00.000Z",
        startTimestamp: 1_605_818_700,
        endTimestamp: 1_605_819_000,
      },
      batch: { num: 1, size: 1 },
      signatures: [
        {
          keyId: "310",
          keyVersion: "v1",
          algorithm: "1.2.840.10045.4.3.2",
          batch: { num: 1, size: 1 },
          verdict: "valid",
        },
      ],
      keys: [{ key: TEK.toString("hex"), start: START, period: 144, type: "CONFIRMED_TEST", onset: -2, risk: 3 }],
      revisedKeys: [],
      refused: [{ list: "keys", index: 1, reason: "key is 17 bytes, must be 16" }],
      counts: { keys: 1, revisedKeys: 0, refused: 1 },
    });
  });

  it.each([
    ["no key", []],
    ["a key of another id", ["--public-key", PEM, "--key-id", "311", "--key-version", "v1"]],
  ])("marks the list as unverified with %s", async (_, args) => {
    const result = await inspect(GENUINE, ...args);
    expect(result.exitCode).toBe(0);
    expect(result.json()).toMatchObject({
      verified: false,
      signatures: [{ verdict: "unchecked" }],
      counts: { keys: 1 },
    });
    expect(result.stderr).toContain("Unverified: anybody can have made this list.");
  });

  it.each<[string, Partial<Signing>, string, string, string]>([
    ["signed by another key", {}, OTHER_PEM, "invalid", "does not fit the file and the public key"],
    ["signed with raw r || s", { isRaw: true }, PEM, "refused", "is raw r || s of 64 bytes, must be DER (X9.62)"],
    ["of another algorithm", { algorithm: "ES256" }, PEM, "refused", 'algorithm "ES256", must be 1.2.840.10045.4.3.2'],
  ])("prints a file that is %s, and fails", async (name, signing, pem, verdict, reason) => {
    const result = await inspect(exported(`${verdict}${name.length}.zip`, signing), "--public-key", pem);
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject({ verified: false, signatures: [{ verdict }] });
    expect(result.stderr).toContain(reason);
  });

  it("prints the same for people", async () => {
    const result = await runCli(["inspect", "gaen-export", GENUINE, "--public-key", PEM]);
    expect(result.stdout).toContain('signature of key "310", version "v1": valid\n');
    expect(result.stdout).toContain("refused: keys[1] key is 17 bytes, must be 16\n");
    expect(result.stdout).toMatch(/07070707070707070707070707070707 +2649888 +144 +-2 +CONFIRMED_TEST\n/);
  });

  it.each([
    [[file("noise.zip", "noise"), "--json"], 1, "noise.zip is not valid: zip at offset 0"],
    [[join(folder, "missing.zip")], 1, "there is no such file"],
    [[GENUINE, "--public-key", GENUINE], 1, "is no public key in PEM"],
    [[GENUINE, "--public-key", PEM, "--key-id", "310"], 2, "--key-id and --key-version go together"],
    [[GENUINE, "--key-id", "310", "--key-version", "v1"], 2, "need the --public-key that they name"],
  ])("answers %j with exit code %i and one clear line", async (args, code, message) => {
    const result = await runCli(["inspect", "gaen-export", ...args]);
    expect(result).toMatchObject({ exitCode: code, stdout: "" });
    expect(result.stderr).toContain(message);
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("chirpfob inspect gaen-frame", () => {
  const plain = "03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874";
  const tek = "75c734c6dd1a782de7a965da5eb93125";

  it.each([plain, `02011a${plain}`])("reads %s, and opens it with its key", async (advData) => {
    const facts = { rpi: "8be6cd371c5c891604bfbe49df845096", aem: "72033874" };
    const args = ["inspect", "gaen-frame", "--adv-data", advData, "--json"];
    expect((await runCli(args)).json()).toEqual(facts);
    expect((await runCli([...args, "--tek", tek])).json()).toEqual({
      ...facts,
      interval: 2_642_976,
      from: "2020-04-02T00:00:00.000Z",
      txPower: 8,
      version: "1.0",
      calibration: 0,
    });
  });

  it.each([
    [["--adv-data", plain.slice(2)], "the frame is not valid: gaen.advData at offset 27: 27 bytes, must be 31"],
    [["--adv-data", plain.replaceAll("6ffd", "6ffe")], "gaen.serviceData"],
    [["--adv-data", plain, "--tek", "00".repeat(16)], "was not made with this key"],
    [["--adv-data", plain, "--tek", "00"], "--tek must be 16 bytes"],
  ])("refuses %j", async (args, message) => {
    const result = await runCli(["inspect", "gaen-frame", ...args, "--json"]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

describe("chirpfob inspect gaen-key", () => {
  const args = ["inspect", "gaen-key", "--tek", "75c734c6dd1a782de7a965da5eb93125"];

  it("prints the 144 identifiers of a key and what encrypts their metadata", async () => {
    const key = (await runCli([...args, "--interval", "2642976", "--json"])).json();
    expect(key).toMatchObject({ rpik: "185ad91db69ec7dd048960f1f3ba6175", aemk: "d57c46af7a1d83965b9bed8bd152936a" });
    const rpis = key.rpis as { interval: number; rpi: string; aemKeystream: string }[];
    expect(rpis).toHaveLength(144);
    expect(rpis[1]).toEqual({
      interval: 2_642_977,
      rpi: "3c9a1de5dd6b02afa7fded7b570b3e56",
      aemKeystream: "829a11b1",
    });
    const people = await runCli([...args, "--interval", "2642976"]);
    expect(people.stdout).toContain("2642977   3c9a1de5dd6b02afa7fded7b570b3e56  829a11b1\n");
  });

  it.each(["-1", "4294967295", "x"])("refuses interval %s", async (interval) => {
    const result = await runCli([...args, "--interval", interval]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain("--interval must be a whole number from 0 to");
  });
});

describe("chirpfob gaen match", () => {
  const schedule = new KeySchedule(TEK);
  const { rpis } = schedule.expand(START + 3, 1);
  const aem = sealAem(-20, schedule.keystreamOf(rpis)).toString("hex");
  const scan = { time: (START + 3) * 600, rssi: -65, rpi: rpis.toString("hex"), aem };
  const scans = file("scans.json", JSON.stringify([scan, { ...scan, time: scan.time + 60, rssi: -90 }]));
  const match = (...args: string[]) => runCli(["gaen", "match", "--scans", scans, ...args, "--json"]);

  it("tells minutes and distance of a phone, from verified exports", async () => {
    const result = await match(GENUINE, "--public-key", OTHER_PEM, "--public-key", PEM);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.json()).toEqual({
      unverified: false,
      toleranceMinutes: 120,
      exports: [{ file: GENUINE, region: "US", verified: true, keys: 1, revisedKeys: 0, refused: 1 }],
      keys: 1,
      scans: { read: 2, matched: 2, refused: { outsideTolerance: 0, metadataVersion: 0, txPower: 0 } },
      matches: [
        {
          source: "phone",
          key: TEK.toString("hex"),
          start: START,
          period: 144,
          type: "CONFIRMED_TEST",
          onset: -2,
          infectiousness: "high",
          weight: 1.5,
          minutes: 2,
          minutesByDistance: { immediate: 1, near: 0, medium: 1, other: 0 },
          encounters: [
            {
              rpi: scan.rpi,
              interval: START + 3,
              from: "2020-05-20T00:30:00.000Z",
              to: "2020-05-20T00:32:00.000Z",
              minutes: 2,
              txPower: -20,
              maxRssi: -65,
              attenuationDb: 45,
              distance: "immediate",
            },
          ],
        },
      ],
      days: [{ day: "2020-05-20", minutes: 2, weightedMinutes: 3.12, advice: "none" }],
    });
  });

  it("takes no unverified export, unless told to, and then says so in its answer", async () => {
    for (const args of [
      ["--public-key", OTHER_PEM],
      ["--public-key", PEM, exported("raw.zip", { isRaw: true })],
    ]) {
      const refused = await match(GENUINE, ...args);
      expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
      expect(refused.stderr).toContain("is not verified");
    }
    const keyless = await match(GENUINE);
    expect(keyless).toMatchObject({ exitCode: 2, stdout: "" });
    expect(keyless.stderr).toContain("--unverified");
    const taken = await match(GENUINE, "--unverified");
    expect(taken.exitCode).toBe(0);
    expect(taken.json()).toMatchObject({ unverified: true, exports: [{ verified: false }], matches: [{ minutes: 2 }] });
    expect(taken.stderr).toContain("Unverified");
  });

  it("finds nothing once a later export revokes the key", async () => {
    const later = exported("later.zip", {}, [], [{ ...(KEYS[0] as WantedKey), reportType: 5 }]);
    expect((await match(GENUINE, later, "--public-key", PEM)).json()).toMatchObject({ keys: 0, matches: [], days: [] });
  });

  it("says for people what was found", async () => {
    const found = await runCli(["gaen", "match", "--scans", scans, GENUINE, "--public-key", PEM]);
    expect(found.stdout.split("\n")).toEqual([
      "2 of 2 sightings are of phones whose keys were published.",
      `a phone (CONFIRMED_TEST, key ${TEK.toString("hex")}): 2 minutes: 1 immediate, 1 medium`,
      "2020-05-20: 2 minutes, weighing 3.1: none",
      "",
    ]);
    const empty = file("empty.json", "[]");
    const nothing = await runCli(["gaen", "match", "--scans", empty, GENUINE, "--public-key", PEM]);
    expect(nothing.stdout).toBe("None of these sightings is of a phone whose key was published.\n");
  });

  it("says what is wrong with a list of sightings", async () => {
    const bad = file("bad.json", JSON.stringify([{ ...scan, rpi: "00" }]));
    const result = await runCli(["gaen", "match", "--scans", bad, GENUINE, "--public-key", PEM]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain("bad.json is not valid: scans.0.rpi at offset 0: must be 16 bytes");
  });
});
