import { readFileSync } from "node:fs";
import fc from "fast-check";
import { sha256 } from "../../tools/base/sha256";
import { encodeCxFrame } from "../beacon/cx";
import { sealCxRow } from "../log/cxRow";
import * as arb from "./arbitraries";
import { CxOperation } from "./cxCases";

/** What is used here and in other tests of the published and derived vectors; the file's own "schema" explains each field. */
export interface CxVectors {
  readonly keys: Record<string, { readonly spki: string; readonly pkcs8?: string }>;
  readonly certificates: Record<string, string>;
  readonly generator: readonly {
    readonly name: string;
    readonly type: number;
    readonly seed: string;
    readonly ids: Record<string, string>;
    readonly sha256OfAll2048: string;
  }[];
  readonly generatorRefused: readonly { readonly type: number; readonly seedBytes: number }[];
  readonly seedCalculator: readonly {
    readonly name: string;
    readonly type: number;
    readonly preseed: string;
    readonly key: string;
    readonly seed: string;
  }[];
  readonly drbg: readonly Record<"name" | "entropy" | "nonce" | "personalization" | "output", string>[];
  readonly drbgSteps: readonly Record<"name" | "key" | "v" | "output" | "keyAfter" | "vAfter", string>[];
  readonly seedReports: readonly {
    readonly name: string;
    readonly der: string;
    readonly valid: boolean;
    readonly deterministic?: boolean;
    readonly publisherName?: string;
    readonly challenge?: string;
    readonly descriptors?: readonly { readonly type: number; readonly preseed: string; readonly key: string }[];
    readonly seeds?: readonly string[];
  }[];
  readonly publications: readonly {
    readonly name: string;
    readonly der: string;
    readonly tbs: string;
    readonly trusted: string;
    readonly zone: string;
    readonly now: string;
    readonly recordedPublishedAt: string | null;
    readonly observer: string;
    readonly publisher: string;
    readonly opensslVerify: string;
  }[];
  readonly schedule: readonly {
    readonly name: string;
    readonly publishedAt: string;
    readonly files: readonly { readonly url: string; readonly excludesPublishedBefore: string | null }[];
    readonly updateURLs: readonly string[];
    readonly nextUpdateNotAfter: string;
  }[];
}

export const CX_VECTORS = JSON.parse(readFileSync(new URL("vectors/cx-v1.json", import.meta.url), "utf8")) as CxVectors;

export interface CxCase {
  readonly operation: CxOperation;
  readonly inputs: Buffer[];
}

/** FIPS 197, appendix C.1 and C.3: key of 0, 1, 2, ..., text of 00 11 22 ... */
export const AES_ANSWERS: readonly { readonly keyBytes: number; readonly output: string }[] = [
  { keyBytes: 16, output: "69c4e0d86a7b0430d8cdb78070b4c55a" },
  { keyBytes: 32, output: "8ea2b7ca516745bfeafc49904b496089" },
];
export const AES_TEXT = Buffer.from("00112233445566778899aabbccddeeff", "hex");

const DRAW_SEED = 20200412;
const FRAME_AT = 6;

/** The first vectors, one of each type, are run to their end in the quick checks too; the others to the end of a day. */
const QUICK_WHOLE = 2;
const QUICK_IDS = 96;

/** Every vector of generators, seed calculators, DRBG and AES, a seed exhausted, and drawn and hostile frames and rows. */
export function listCxCases(drawn: number, hostileEach: number): CxCase[] {
  return [
    ...AES_ANSWERS.map(({ keyBytes }) => entry(CxOperation.AesBlock, counting(keyBytes), AES_TEXT)),
    ...CX_VECTORS.drbg.map(({ entropy, nonce, personalization, output }) =>
      entry(
        CxOperation.DrbgOutput,
        Buffer.from([16, output.length / 2]),
        ...[entropy, nonce, personalization].map(bytesOf),
      ),
    ),
    ...CX_VECTORS.drbgSteps.map(({ key, v }) => entry(CxOperation.DrbgStep, bytesOf(key + v))),
    ...CX_VECTORS.generator.map((vector, i) => idsCase(vector, i < QUICK_WHOLE ? 2048 : QUICK_IDS)),
    ...CX_VECTORS.generatorRefused.map(({ type, seedBytes }) =>
      entry(CxOperation.Ids, Buffer.from([type]), Buffer.alloc(seedBytes), u16(0)),
    ),
    ...CX_VECTORS.seedCalculator.map(({ type, preseed, key }) =>
      entry(CxOperation.SeedFromPreseed, Buffer.from([type]), bytesOf(preseed), spkiOf(key)),
    ),
    ...drawnCases(drawn),
    ...sample(arb.hostile(cxFrame), hostileEach).map((input) =>
      entry(CxOperation.DecodeFrame, input.subarray(0, FRAME_AT), input.subarray(FRAME_AT)),
    ),
    ...sample(arb.hostile(cxRow), hostileEach).map((input) => entry(CxOperation.DecodeRow, input)),
  ];
}

/** Every generator vector whole: 2,048 identifiers each, which takes the VM a second. */
export function listWholeSeeds(): CxCase[] {
  return CX_VECTORS.generator.map((vector) => idsCase(vector, 2048));
}

function idsCase({ type, seed, ids }: CxVectors["generator"][number], below: number): CxCase {
  const places = placesOf(ids).filter((place) => place < below);
  return entry(CxOperation.Ids, Buffer.from([type]), bytesOf(seed), Buffer.concat(places.map(u16)));
}

/** The public key of that name, as DER. */
export function spkiOf(key: string): Buffer {
  return bytesOf(CX_VECTORS.keys[key]?.spki ?? "");
}

/** The places of a vector's identifiers, in order. */
export function placesOf(ids: Record<string, string>): number[] {
  return Object.keys(ids)
    .map(Number)
    .sort((a, b) => a - b);
}

/** 0, 1, 2, ... */
export function counting(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => i));
}

const contactId = arb.bytes(16).map((id) => {
  id[6] = ((id[6] as number) & 0x0f) | 0x40;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
});

/** AdvA and AdvData of a valid frame of company FFFF, joined. */
export const cxFrame = fc.tuple(contactId, arb.i8).map(([id, txPower]) => {
  const { advA, advData } = encodeCxFrame(sha256, id, txPower, 0xffff);
  return Buffer.concat([advA, advData]);
});

const cxRow = fc
  .tuple(contactId, fc.nat(0x7fffffff), arb.bytes(4))
  .map(([id, minute, [maxRssi = 0, txPower = 0, minutes = 0, hearings = 0]]) =>
    sealCxRow(sha256, id, minute, { maxRssi, txPower, minutes, hearings }),
  );

function drawnCases(count: number): CxCase[] {
  return [
    ...sample(fc.tuple(arb.bytes(16), arb.bytes(16)), count).map(([key, text]) =>
      entry(CxOperation.AesBlock, key, text),
    ),
    ...sample(fc.tuple(arb.bytes(32), arb.bytes(16)), count).map(([key, text]) =>
      entry(CxOperation.AesBlock, key, text),
    ),
    ...sample(fc.tuple(contactId, arb.bytes(3)), count).map(([id, parameters]) =>
      entry(CxOperation.EncodeFrame, id, parameters),
    ),
    ...sample(cxFrame, count).map((frame) =>
      entry(CxOperation.DecodeFrame, frame.subarray(0, FRAME_AT), frame.subarray(FRAME_AT)),
    ),
    ...sample(fc.tuple(contactId, arb.bytes(8)), count).map(([id, parameters]) =>
      entry(CxOperation.SealRow, id, parameters),
    ),
    ...sample(cxRow, count).map((row) => entry(CxOperation.DecodeRow, row)),
    ...sample(fc.tuple(cxRow, contactId, arb.bytes(4)), count).map((inputs) => entry(CxOperation.OpenRow, ...inputs)),
  ];
}

function sample<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { seed: DRAW_SEED, numRuns: count });
}

function entry(operation: CxOperation, ...inputs: Buffer[]): CxCase {
  return { operation, inputs };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
