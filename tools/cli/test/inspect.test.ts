import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { slh_dsa_sha2_128s as slhDsa } from "@noble/post-quantum/slh-dsa.js";
import { afterAll, describe, expect, it } from "vitest";
import { chirpOf } from "../../../protocol/beacon/chirp";
import { Beacon } from "../../../protocol/beacon/sighting";
import { sealRow } from "../../../protocol/log/contactRow";
import { keyIdOf } from "../../../protocol/report/shard";
import { layOutShard, packBlocks } from "../../../protocol/report/shardFile";
import { encodeUploadFile } from "../../../protocol/report/uploadFile";
import { genuineSignature, VECTORS, type Vector } from "../../../protocol/test/caseList";
import { ROOT } from "../../../test/tools";
import { sha256 } from "../../base/sha256";
import { runCli } from "./runCli";

const folder = mkdtempSync(join(tmpdir(), "chirpfob-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

const VECTOR = VECTORS[1] as Vector;

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("the chirpfob program", () => {
  it("runs from any folder, and ends with the command's exit code and one line on stderr", () => {
    const bin = join(ROOT, "bin", "chirpfob.mjs");
    const args = ["inspect", "frame", "--adv-a", "00", "--adv-data", "00"];
    const result = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: "utf8" });
    expect(result.status).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr).toBe("chirpfob: --adv-a must be 6 bytes (12 hexadecimal digits), got 1\n");
  });
});

describe("chirpfob inspect chirp", () => {
  it("prints chirp, address and data of a seed and minute", async () => {
    const args = ["inspect", "chirp", "--seed", VECTOR.seed, "--minute", `${VECTOR.t}`, "--json"];
    expect((await runCli(args)).json()).toEqual({ chirp: VECTOR.chirp, ...VECTOR.direct });
    const repeated = await runCli([...args, "--age", "7", "--tx-power", "-8"]);
    expect(repeated.json()).toEqual({ chirp: VECTOR.chirp, ...VECTOR.repeatedAge7 });
  });

  it.each([
    [["--seed", "xyz", "--minute", "1"], 1, "--seed must be hexadecimal"],
    [["--seed", "00", "--minute", "1"], 1, "--seed must be 32 bytes"],
    [["--seed", VECTOR.seed, "--minute", "1.5"], 1, "--minute must be a whole number"],
    [["--seed", VECTOR.seed, "--minute", "4294967296"], 1, "--minute must be a whole number"],
    [["--seed", VECTOR.seed, "--minute", "1", "--age", "11"], 1, "--age must be a whole number from 0 to 10"],
    [["--minute", "1"], 2, "required option"],
    [["--seed", VECTOR.seed, "--minute", "1", "--colour"], 2, "unknown option"],
  ])("answers %j with exit code %i and one clear line", async (args, code, message) => {
    const result = await runCli(["inspect", "chirp", ...args]);
    expect(result.exitCode).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.stdout).toBe("");
  });
});

describe("chirpfob inspect frame", () => {
  const { advA, advData } = VECTOR.repeatedAge7;

  it("prints what a frame says", async () => {
    const result = await runCli(["inspect", "frame", "--adv-a", advA, "--adv-data", advData, "--json"]);
    expect(result.json()).toEqual({ kind: "repeated", chirp: VECTOR.chirp, txPower: -8, age: 7 });
  });

  it.each([
    [advA, advData.replace("07b4", "0bb4"), "frame.age at offset 8"],
    [advA, advData.slice(2), "--adv-data must be 31 bytes"],
    [advA, `${advData}00`, "--adv-data must be 31 bytes"],
    ["ff39ff9f7d13", advData, "frame.advA at offset 0"],
    [advA, "02".repeat(31), "frame.header at offset 0"],
    [advA, "no hex", "--adv-data must be hexadecimal"],
  ])("refuses address %s with data %s", async (a, data, message) => {
    const result = await runCli(["inspect", "frame", "--adv-a", a, "--adv-data", data, "--json"]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("chirpfob inspect row", () => {
  const seed = Buffer.alloc(32, 5);
  const minute = 29_886_017;
  const row = sealRow(sha256, Beacon.Pact, chirpOf(sha256, seed, minute), minute + 1, {
    maxRssi: -61,
    txPower: -8,
    delay: 3,
    hearings: 5,
  });

  it("shows no more than tag and minute without the chirp, and everything with its seed", async () => {
    const closed = await runCli(["inspect", "row", "--row", row.toString("hex"), "--json"]);
    expect(Object.keys(closed.json())).toEqual(["tag", "kind", "minuteInHour", "sealed"]);
    const args = ["--seed", seed.toString("hex"), "--minute", `${minute}`, "--origin-minute", `${minute + 1}`];
    const open = await runCli(["inspect", "row", "--row", row.toString("hex"), ...args, "--json"]);
    expect(open.json()).toMatchObject({
      maxRssi: -61,
      txPower: -8,
      delay: 3,
      hearings: 5,
      attenuationDb: 53,
      direct: false,
    });
  });

  it("refuses a chirp that is not the row's, and a row that is none", async () => {
    const args = ["--seed", "00".repeat(32), "--minute", `${minute}`];
    expect(await runCli(["inspect", "row", "--row", row.toString("hex"), ...args])).toMatchObject({ exitCode: 1 });
    expect((await runCli(["inspect", "row", "--row", "ff".repeat(12)])).stderr).toContain("row.minute at offset 8");
  });
});

describe("chirpfob inspect upload", () => {
  const upload = {
    regions: ["US-MA", "CA"],
    reverseFrom: 0,
    reverseTo: 0,
    firstHour: 498_100,
    seeds: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
  };
  const bytes = encodeUploadFile(upload);

  it("tells window and regions, and seeds only when asked", async () => {
    const path = file("upload", bytes);
    const plain = await runCli(["inspect", "upload", path, "--json"]);
    expect(plain.json()).toMatchObject({
      regions: ["US-MA", "CA"],
      hours: 2,
      from: "2026-10-28T04:00:00.000Z",
      reverse: null,
    });
    expect(plain.stdout).not.toContain("01".repeat(32));
    expect((await runCli(["inspect", "upload", path, "--seeds", "--json"])).stdout).toContain("02".repeat(32));
  });

  it.each([
    ["empty", Buffer.alloc(0), "shorter than the 72-byte header"],
    ["cut", bytes.subarray(0, 100), "must be 152"],
    ["noise", Buffer.alloc(100, 7), "upload.magic at offset 0"],
  ])("says what is wrong with a file that is %s", async (name, content, message) => {
    const result = await runCli(["inspect", "upload", file(name, content)]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(message);
  });

  it("says so if there is no such file", async () => {
    const result = await runCli(["inspect", "upload", join(folder, "missing")]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toMatch(/cannot read .*missing: there is no such file/);
  });
});

describe("chirpfob inspect shard", () => {
  const keys = slhDsa.keygen(Buffer.alloc(48, 7));
  const publicKey = Buffer.from(keys.publicKey);
  const identity = { region: "US-MA", chunk: 1, published: 1_793_000_000, keyId: keyIdOf(sha256, publicKey) };
  const { unsigned, chain } = layOutShard(
    sha256,
    identity,
    packBlocks([{ hour: 498_100, seed: Buffer.alloc(32, 1), reverse: true }]),
  );
  const signature = slhDsa.sign(chain, keys.secretKey, { context: Buffer.from("PACT-SHARD-v1") });
  const shard = Buffer.concat([unsigned, signature]);

  it("reads header and content, and says that nobody checked the signature", async () => {
    const result = await runCli(["inspect", "shard", file("shard", shard), "--seeds", "--json"]);
    expect(result.json()).toMatchObject({
      region: "US-MA",
      chunk: 1,
      blocks: 1,
      seeds: 1,
      firstHour: 498_100,
      signature: expect.stringContaining("not checked"),
      contents: [{ hour: 498_100, seeds: [{ seed: "01".repeat(32), reverse: true }] }],
    });
  });

  it("accepts the key that signed it and no other", async () => {
    const path = file("shard", shard);
    const genuine = await runCli(["inspect", "shard", path, "--public-key", publicKey.toString("hex"), "--json"]);
    expect(genuine.json()).toMatchObject({ signature: "valid" });
    const [otherKey] = genuineSignature();
    const other = Buffer.from(otherKey);
    other.fill(1, 0, 1);
    const refused = await runCli(["inspect", "shard", path, "--public-key", other.toString("hex")]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("another key");
  });

  it("finds a forged seed and a cut file", async () => {
    const forged = Buffer.from(shard);
    forged.fill(9, 80, 81);
    const args = ["--public-key", publicKey.toString("hex")];
    expect((await runCli(["inspect", "shard", file("forged", forged), ...args])).stderr).toContain("forged or damaged");
    expect((await runCli(["inspect", "shard", file("cut", shard.subarray(0, 5000))])).stderr).toContain("make 8120");
  });
});
