import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CX_VECTORS, placesOf } from "../../../protocol/test/cxCaseList";
import { runCli } from "./runCli";

const folder = mkdtempSync(join(tmpdir(), "chirpfob-inspect-cx-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function hexFile(name: string, hex: string): string {
  return file(name, Buffer.from(hex, "hex"));
}

describe("chirpfob inspect cx-ids", () => {
  it("prints the identifiers of a seed as UUIDs, up to the last one", async () => {
    for (const { type, seed, ids } of CX_VECTORS.generator.slice(0, 3)) {
      const result = await runCli([
        "inspect",
        "cx-ids",
        "--type",
        `${type}`,
        "--seed",
        seed,
        "--count",
        "2048",
        "--json",
      ]);
      const printed = result.json();
      expect(printed).toMatchObject({ generatorType: type, seed, count: 2048 });
      for (const place of placesOf(ids)) expect((printed.ids as string[])[place]).toBe(ids[place]);
    }
  });

  it.each([
    [["--type", "3", "--seed", "00", "--count", "1"], "--type must be a whole number from 1 to 2"],
    [["--type", "2", "--seed", "00".repeat(24), "--count", "1"], "--seed must be 48 bytes"],
    [["--type", "1", "--seed", "00".repeat(24), "--count", "2049"], "--count must be a whole number from 1 to 2048"],
  ])("answers %j with exit code 1: %s", async (args, message) => {
    const result = await runCli(["inspect", "cx-ids", ...args]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

describe("chirpfob inspect cx-seed", () => {
  it("prints the seed of every vector, for keys as PEM and as DER, byte by byte as they stand there", async () => {
    for (const [i, { type, preseed, key, seed }] of CX_VECTORS.seedCalculator.entries()) {
      const spki = CX_VECTORS.keys[key]?.spki ?? "";
      const base64 = Buffer.from(spki, "hex").toString("base64");
      const pem = `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
      const path = i % 2 === 0 ? file("key.pem", pem) : hexFile("key.der", spki);
      const args = ["inspect", "cx-seed", "--type", `${type}`, "--preseed", preseed, "--public-key", path, "--json"];
      expect((await runCli(args)).json()).toEqual({ generatorType: type, preseed, publicKey: spki, seed });
    }
  });

  it("says so where there is no public key", async () => {
    const args = ["--type", "1", "--preseed", "00".repeat(24), "--public-key", file("no.pem", "hello")];
    expect((await runCli(["inspect", "cx-seed", ...args])).stderr).toContain("holds no public key");
  });
});

describe("chirpfob inspect cx-report", () => {
  it("gives every vector's verdict, and the seeds of the valid ones", async () => {
    for (const vector of CX_VECTORS.seedReports) {
      const result = await runCli(["inspect", "cx-report", hexFile("report.der", vector.der), "--json"]);
      const printed = result.json();
      expect(result.exitCode, vector.name).toBe(vector.valid ? 0 : 1);
      expect(printed.verdict, vector.name).toBe(vector.valid ? "valid" : "invalid");
      expect(printed.reason === null, vector.name).toBe(vector.valid);
      if (vector.seeds) expect((printed.seeds as { seed: string }[]).map(({ seed }) => seed)).toEqual(vector.seeds);
    }
  });
});

describe("chirpfob inspect cx-publication", () => {
  const inspect = (vector: (typeof CX_VECTORS.publications)[number], as: string, ...more: string[]) =>
    runCli([
      ...[
        "inspect",
        "cx-publication",
        hexFile("publication.der", vector.der),
        "--json",
        "--as",
        as,
        "--now",
        vector.now,
      ],
      ...[
        "--certificate",
        file("certificate.pem", CX_VECTORS.certificates[vector.trusted] ?? ""),
        "--zone",
        vector.zone,
      ],
      ...(vector.recordedPublishedAt === null ? [] : ["--recorded", vector.recordedPublishedAt]),
      ...more,
    ]);

  it.each(["observer", "publisher"] as const)("gives every vector's verdict and reason as %s", async (as) => {
    for (const vector of CX_VECTORS.publications) {
      const result = await inspect(vector, as);
      const printed = result.json();
      const [verdict, reason] = vector[as].split(": ");
      expect(printed.verdict, vector.name).toBe(verdict);
      expect(result.exitCode, vector.name).toBe(verdict === "valid" ? 0 : 1);
      if (verdict === "invalid" && reason !== undefined) expect(printed.reason, vector.name).toBe(reason);
    }
  });

  it("lists levels and seeds, of what is refused for its time or zone too, but not of what is not signed", async () => {
    const named = (name: string) =>
      CX_VECTORS.publications.find((vector) => vector.name === name) as (typeof CX_VECTORS.publications)[number];
    const all = (await inspect(named("all levels, both types"), "observer")).json();
    const levels = new Set((all.seeds as { level: string }[]).map(({ level }) => level));
    expect([...levels].sort()).toEqual([
      "debug-alert",
      "diagnosed",
      "expired",
      "no-alert",
      "symptomatic",
      "unknown-alert",
    ]);
    expect((await inspect(named("another zone"), "observer")).json().seeds).not.toHaveLength(0);
    expect((await inspect(named("a seed changed"), "observer")).json().seeds).toBeUndefined();
  });

  it("asks for a reader that it knows and times that it can read", async () => {
    const vector = CX_VECTORS.publications[0] as (typeof CX_VECTORS.publications)[number];
    expect((await inspect(vector, "somebody")).exitCode).toBe(2);
    const wrong = await inspect(vector, "observer", "--recorded", "yesterday");
    expect(wrong.stderr).toContain("--recorded must be a time like");
    expect((await inspect(vector, "observer", "--recorded", "2026-11-20T09:00:00Z")).exitCode).toBe(0);
  });
});

describe("chirpfob inspect cx-publisher", () => {
  const descriptor = {
    url: "https://cx.example/publisher.json",
    cert: CX_VECTORS.certificates.P256,
    name: "Nowhere",
    report: "https://cx.example/report",
    pub: "http://cx.example/full",
    pubs: [{ zone: "https://cx.example/publisher.json", url: "http://cx.example/zone" }],
    downstream: ["https://state.example/publisher.json"],
  };
  const inspect = (changes: object, ...more: string[]) =>
    runCli([
      "inspect",
      "cx-publisher",
      file("publisher.json", JSON.stringify({ ...descriptor, ...changes })),
      "--json",
      ...more,
    ]);

  it("prints a descriptor, with the digest by which people compare its certificate", async () => {
    const printed = (await inspect({})).json();
    expect(printed).toMatchObject({ verdict: "valid", url: descriptor.url, name: "Nowhere", pubs: descriptor.pubs });
    expect((printed.certificate as { sha256: string }).sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    [{ url: "http://cx.example/publisher.json" }, "url: must be an https URL"],
    [{ report: "ftp://cx.example/" }, "report: must be an https URL"],
    [{ pub: "full" }, "pub: must be an http or https URL"],
    [{ cert: "-----BEGIN CERTIFICATE-----" }, "cert: must be a PEM certificate"],
    [{ name: " " }, "name: must not be empty"],
    [{ pubs: [{ zone: "https://a.example", url: "https://a.example", more: 1 }] }, "pubs.0"],
    [{ pubs: undefined }, "pubs"],
    [{ moreover: true }, "moreover"],
  ])("refuses %o: %s", async (changes, message) => {
    const result = await inspect(changes);
    expect(result.exitCode).toBe(1);
    expect(result.json()).toMatchObject({ verdict: "invalid", reason: "descriptor" });
    expect(result.stderr).toContain(message);
  });

  it("refuses another publisher's, and what is no JSON", async () => {
    expect((await inspect({}, "--url", "https://other.example/")).stderr).toContain("not of https://other.example/");
    const noise = await runCli(["inspect", "cx-publisher", file("noise.json", "{")]);
    expect(noise.stderr).toContain("not JSON");
  });
});
