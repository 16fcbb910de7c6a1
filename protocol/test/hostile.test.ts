import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import { FormatError } from "../base/formatError";
import { decodeRegion, encodeRegion } from "../base/region";
import { decodeFindMyFrame } from "../beacon/findMy";
import { decodeChirpFrame, encodeChirpFrame, TEST_COMPANY } from "../beacon/pact";
import { decodeRow, encodeRow } from "../log/contactRow";
import { decodePermissionNumber, encodePermissionNumber } from "../report/permissionNumber";
import { decodeShardBlock, decodeShardHeader, encodeShardBlock, encodeShardHeader } from "../report/shard";
import { decodeShardFile, layOutShard } from "../report/shardFile";
import { decodeUploadFile, encodeUploadFile } from "../report/uploadFile";
import { findMyFrame, hostile, validInputs } from "./arbitraries";

interface Decoder {
  readonly name: keyof typeof validInputs;
  /** Decodes the input and encodes the result again, or throws FormatError. */
  readonly roundTrip: (input: Buffer) => Buffer;
  /** Whether an input that was accepted and came back otherwise still means the same; without it nothing but equality will do. */
  readonly sameValue?: (again: Buffer, input: Buffer) => boolean;
}

const DECODERS: Decoder[] = [
  {
    name: "frame",
    roundTrip: (input) => {
      const frame = decodeChirpFrame(input.slice(0, 6), input.slice(6), TEST_COMPANY);
      const { advA, advData } = encodeChirpFrame(frame.id, frame.txPowerDbm, frame.age, TEST_COMPANY);
      return Buffer.concat([advA, advData]);
    },
  },
  {
    // Find My frames are read only: status and hint are nobody's business, and come back from the input.
    name: "findMyFrame",
    roundTrip: (input) => {
      const { id } = decodeFindMyFrame(input.slice(0, 6), input.slice(6));
      return findMyFrame(id, input[12] as number, input[36] as number);
    },
  },
  { name: "row", roundTrip: (input) => encodeRow(decodeRow(input)) },
  { name: "uploadFile", roundTrip: (input) => encodeUploadFile(decodeUploadFile(input)) },
  { name: "shardHeader", roundTrip: (input) => encodeShardHeader(decodeShardHeader(input)) },
  { name: "shardBlock", roundTrip: (input) => encodeShardBlock(decodeShardBlock(input)) },
  {
    name: "shardFile",
    roundTrip: (input) => {
      const { header, blocks, signature } = decodeShardFile(sha256, input);
      return Buffer.concat([layOutShard(sha256, header, blocks).unsigned, signature]);
    },
  },
  {
    name: "permissionNumber",
    roundTrip: (input) => Buffer.from(encodePermissionNumber(decodePermissionNumber(input.toString("latin1")))),
    // Grouping, case and look-alikes are free to the writer: what comes back is the canonical spelling of the same number.
    sameValue: (again, input) =>
      decodePermissionNumber(again.toString()).equals(decodePermissionNumber(input.toString("latin1"))),
  },
  { name: "region", roundTrip: (input) => encodeRegion(decodeRegion(padded(input, 6), 0)) },
];

/** Over 100,000 hostile inputs in all. */
const HOSTILE_RUNS = 13_000;
const SEED = 8;

function padded(input: Buffer, length: number): Buffer {
  return Buffer.concat([input, Buffer.alloc(length)]).subarray(0, length);
}

/** The error's place must lie in the input, or at its end. */
function expectTypedError(error: unknown, input: Buffer): void {
  expect(error).toBeInstanceOf(FormatError);
  const { field, offset, message } = error as FormatError;
  expect(field).toMatch(/^[a-zA-Z0-9.]+$/);
  expect(message).toContain(field);
  expect(Number.isInteger(offset) && offset >= 0 && offset <= input.length, `offset ${offset} of ${input.length}`).toBe(
    true,
  );
}

/** A view of a buffer on which reading a byte that is not there throws. */
function guarded(input: Buffer): Buffer {
  return new Proxy(input, {
    get(target, property) {
      if (typeof property === "string" && /^-?\d+$/.test(property) && Number(property) >= target.length)
        throw new RangeError(`read of byte ${property} of ${target.length}`);
      const value = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

afterEach(() => vi.restoreAllMocks());

describe.each(DECODERS)("the $name decoder", ({ name, roundTrip, sameValue }) => {
  it("gives back every valid input byte for byte", () => {
    fc.assert(
      fc.property(validInputs[name], (input) => {
        expect(roundTrip(input).equals(input)).toBe(true);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  it("answers hostile input with a typed error that names field and offset, or reads it and writes it again", () => {
    let refused = 0;
    fc.assert(
      fc.property(hostile(validInputs[name]), (input) => {
        try {
          const again = roundTrip(input);
          const same = sameValue ? sameValue(again, input) : again.equals(padded(input, again.length));
          if (!same) throw new Error(`read and wrote ${again.toString("hex")}`);
        } catch (error) {
          expectTypedError(error, name === "region" ? padded(input, 6) : input);
          refused++;
        }
      }),
      { numRuns: HOSTILE_RUNS, seed: SEED },
    );
    expect(refused).toBeGreaterThan(HOSTILE_RUNS / 4);
  });

  it("never reads past the end", () => {
    fc.assert(
      fc.property(hostile(validInputs[name]), (input) => {
        try {
          if (name === "frame")
            decodeChirpFrame(guarded(input.subarray(0, 6)), guarded(input.subarray(6)), TEST_COMPANY);
          else roundTrip(name === "region" ? padded(input, 6) : guarded(input));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1_500, seed: SEED + 1 },
    );
  });

  it("allocates no more than a small multiple of the input", () => {
    const alloc = vi.spyOn(Buffer, "alloc");
    fc.assert(
      fc.property(hostile(validInputs[name]), (input) => {
        alloc.mockClear();
        try {
          roundTrip(input);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        const bytes = alloc.mock.calls.reduce((sum, [size]) => sum + size, 0);
        expect(bytes).toBeLessThanOrEqual(6 * input.length + 2048);
      }),
      { numRuns: 500, seed: SEED + 2 },
    );
  });
});

describe("a lying count", () => {
  it("in an upload file or a shard is refused before anything of that size is made", () => {
    const upload = Buffer.alloc(72 + 40);
    upload.write("PACTUPLD");
    upload.set([1, 1, 0x08, 0x70], 8);
    upload.write("US-MA", 24);
    expect(() => decodeUploadFile(upload)).toThrow(/upload.tuples at offset 112: 112 bytes, must be 86472/);

    const shard = Buffer.alloc(64 + 7856);
    shard.write("PACTSHRD");
    shard[8] = 1;
    shard.write("US-MA", 10);
    shard.writeUInt32BE(0xffffffff, 32);
    shard.writeUInt32BE(0xffffffff, 36);
    expect(() => decodeShardFile(sha256, shard)).toThrow(/4294967295 blocks/);
  });
});
