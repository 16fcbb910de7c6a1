// What a hostile peer sends instead of an export: every layer damaged by itself, so that the ones below it are reached.

import { describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { decodeGaenFrame, encodeGaenFrame } from "../../../protocol/beacon/gaen";
import { SLH_DSA_SIGNATURE_BYTES } from "../../../protocol/crypto/slhDsa";
import {
  beaconReportMessage,
  decodeBeaconReportFile,
  layOutBeaconReport,
} from "../../../protocol/report/beaconReportFile";
import { GAEN_LAYOUT } from "../../../protocol/report/gaenReport";
import { nativeSha256 } from "../../base/sha256";
import { SeededRandom } from "../../sim/core/random";
import { decodeBatch, encodeBatch } from "../efgsBatch";
import { gaenExpansion, gaenSources } from "../expansion";
import { readExport } from "../exportFile";
import { parseExportIndex } from "../exportIndex";
import { readZipEntries } from "../zip";
import { exportBin, exportSig, makeKeyPair, zipOf } from "./makeExport";

const INPUTS = 100_000;
const SEED = "hostile exports";

const PAIR = makeKeyPair();
const SIGNING = [{ privateKey: PAIR.privateKey }];
const KEYS = Array.from({ length: 4 }, (_, i) => ({
  key: Buffer.alloc(16, i),
  start: 2_649_888 + i,
  period: 100,
  reportType: 1,
  onsetDays: -2,
}));
const BIN = exportBin(KEYS, SIGNING, KEYS);
const SIG = exportSig(BIN, SIGNING);
const ARCHIVE = stored({ "export.bin": BIN, "export.sig": SIG });
const PACKED = zipOf({ "export.bin": BIN, "export.sig": SIG });
const INDEX = Buffer.from("us/1605818700-1605819000-00001.zip\nus/1605819000-1605819300-00001.zip\n");

function stored(entries: Record<string, Uint8Array>): Buffer {
  return zipOf(
    Object.fromEntries(Object.entries(entries).map(([name, bytes]) => [name, [bytes, { level: 0 }]])) as never,
  );
}

/** Flips bits, cuts, repeats or replaces by noise. */
function damaged(valid: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(valid);
  const kind = random.bytes(1)[0] ?? 0;
  const at = random.bytes(4);
  const place = Buffer.from(at).readUInt32LE(0) % (valid.length + 1);
  if (kind < 160) {
    const flips = 1 + (kind & 3);
    for (let i = 0; i < flips; i++) {
      const bit = Buffer.from(random.bytes(4)).readUInt32LE(0) % (copy.length * 8);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    return copy;
  }
  if (kind < 190) return copy.subarray(0, place);
  if (kind < 220)
    return Buffer.concat([copy.subarray(0, place), Buffer.from(random.bytes(kind - 189)), copy.subarray(place)]);
  if (kind < 245) return Buffer.concat([copy, copy.subarray(place)]);
  return Buffer.from(random.bytes(place));
}

/** Runs a reader over hostile inputs; anything but a FormatError is a defect. @returns how many were refused */
function runHostile(what: string, make: (random: SeededRandom) => Buffer, read: (input: Buffer) => void): number {
  const random = new SeededRandom(`${SEED}: ${what}`);
  let refused = 0;
  for (let i = 0; i < INPUTS; i++) {
    const input = make(random);
    try {
      read(input);
    } catch (error) {
      if (!(error instanceof FormatError))
        throw new Error(`${SEED}: ${what}, input ${i}, ${input.toString("hex")}: ${String(error)}`);
      if (!Number.isInteger(error.offset) || error.offset < 0) throw new Error(`offset ${error.offset}`);
      refused++;
    }
  }
  return refused;
}

describe(`${INPUTS} hostile inputs (seed "${SEED}")`, () => {
  it("to the zip reader are read or refused, and nothing that was damaged inside is taken", () => {
    const refused = runHostile(
      "zip",
      (random) => damaged(PACKED, random),
      (input) => {
        const [bin, sig] = readZipEntries(input, ["export.bin", "export.sig"], 100_000);
        expect(bin?.equals(BIN) && sig?.equals(SIG)).toBe(true);
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 4);
  });

  it("to the export reader, in its protobuf, are read or refused, and never verified", () => {
    const keys = [{ publicKey: PAIR.publicKey }];
    let untouched = 0;
    const refused = runHostile(
      "protobuf",
      (random) => {
        const bin = damaged(BIN, random);
        if (bin.equals(BIN)) untouched++;
        return bin;
      },
      (bin) => {
        const read = readExport(stored({ "export.bin": bin, "export.sig": SIG }), []);
        for (const { key, start, period } of read.added.keys)
          if (key.length !== 16 || start < 0 || period < 1 || period > 144) throw new Error("took an unusable key");
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 4);
    expect(untouched).toBeLessThan(INPUTS / 100);
    expect(readExport(ARCHIVE, keys).isVerified).toBe(true);
  });

  it("to the reader of signatures are read or refused, and none is valid but the genuine one", () => {
    const keys = [{ publicKey: PAIR.publicKey }];
    const random = new SeededRandom(`${SEED}: signatures`);
    let refused = 0;
    for (let i = 0; i < INPUTS / 10; i++) {
      const sig = damaged(SIG, random);
      try {
        const { signatures } = readExport(stored({ "export.bin": BIN, "export.sig": sig }), keys);
        for (const one of signatures)
          if (one.verdict === "valid" && !SIG.includes(Buffer.from(one.signature)))
            throw new Error("took a forged one");
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(INPUTS / 100);
  });

  it("to the reader of phones' frames are read or refused, and what is read stands in them", () => {
    const frames = [true, false].map((hasFlags) => encodeGaenFrame(Buffer.alloc(16, 1), Buffer.alloc(4, 2), hasFlags));
    const refused = runHostile(
      "frame",
      (random) => damaged(frames[(random.bytes(1)[0] as number) & 1] as Buffer, random),
      (input) => {
        const { rpi, aem } = decodeGaenFrame(input);
        if (rpi.length !== 16 || aem.length !== 4 || !input.includes(Buffer.concat([rpi, aem])))
          throw new Error("made up");
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 4);
  });

  it("to the reader of beacon reports are read or refused, and sign something else", () => {
    const teks = KEYS.slice(2).map((key) => ({ ...key, period: 1, risk: 0 }));
    const identity = { region: "US-MA", chunk: 1, published: 7, keyId: Buffer.alloc(8, 3) };
    const { unsigned, message } = layOutBeaconReport(nativeSha256, gaenExpansion, identity, gaenSources(teks));
    const refused = runHostile(
      "beacon report",
      (random) => damaged(unsigned, random),
      (input) => {
        const file = decodeBeaconReportFile(GAEN_LAYOUT, Buffer.concat([input, Buffer.alloc(SLH_DSA_SIGNATURE_BYTES)]));
        const signed = beaconReportMessage(nativeSha256, gaenExpansion, file);
        if (signed.equals(message) !== input.equals(unsigned)) throw new Error("signs the same");
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 4);
  });

  it("to the reader of batches are read or refused, with nothing unusable taken", () => {
    const { bytes } = encodeBatch(KEYS.map((key) => ({ ...key, risk: 1, origin: "DE", visitedCountries: ["FR"] })));
    const refused = runHostile(
      "batch",
      (random) => damaged(bytes, random),
      (input) => {
        for (const { key, period, origin } of decodeBatch(input).keys)
          if (key.length !== 16 || period < 1 || period > 144 || !/^[A-Z]{2}$/.test(origin))
            throw new Error("took an unusable key");
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 10);
  });

  it("to the reader of an index are read or refused, and no path leaves the feed", () => {
    const refused = runHostile(
      "index",
      (random) => damaged(INDEX, random),
      (input) => {
        for (const path of parseExportIndex(input))
          if (!new URL(path, "https://cdn.example/feed/").href.startsWith("https://cdn.example/feed/"))
            throw new Error(`left by ${path}`);
      },
    );
    expect(refused).toBeGreaterThan(INPUTS / 4);
  });
});
