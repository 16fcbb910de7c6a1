// fast-check arbitraries of everything that protocol/ reads: valid values, their bytes, and what a hostile peer makes of them.

import fc from "fast-check";
import { sha256 } from "../../tools/base/sha256";
import { ADV_A_BYTES, ADV_DATA_BYTES } from "../beacon/advertisement";
import { CHIRP_BYTES, SEED_BYTES } from "../beacon/chirp";
import { encodeGaenFrame } from "../beacon/gaen";
import { encodeChirpFrame } from "../beacon/pact";
import { Beacon } from "../beacon/sighting";
import { SLH_DSA_SIGNATURE_BYTES } from "../crypto/slhDsa";
import { encodeRow, ROW_BYTES, type RowMetadata } from "../log/contactRow";
import { encodeGaenSource } from "../report/gaenReport";
import { encodePermissionNumber, PERMISSION_BYTES } from "../report/permissionNumber";
import { encodeShardBlock, encodeShardHeader, KEY_ID_BYTES, type ShardBlock } from "../report/shard";
import { layOutShard, packBlocks, type ReleasedSeed } from "../report/shardFile";
import { encodeUploadFile, type UploadFile } from "../report/uploadFile";

export const u32 = fc.integer({ min: 0, max: 0xffffffff });
export const i8 = fc.integer({ min: -128, max: 127 });

/** Buffers of a fixed length. */
export function bytes(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
}

export const seed = bytes(SEED_BYTES);
export const chirp = bytes(CHIRP_BYTES);

export const region = fc.oneof(fc.stringMatching(/^[A-Z]{2}$/), fc.stringMatching(/^[A-Z]{2}-[A-Z0-9]{1,3}$/));

const KINDS = [Beacon.Pact, Beacon.Gaen, Beacon.Cx, Beacon.FindMy];

/** A kind, and an identifier as long as one of that kind can be. */
export const identifier = fc
  .tuple(fc.constantFrom(...KINDS), chirp, fc.integer({ min: 16, max: CHIRP_BYTES }))
  .map(([kind, id, length]) => ({ kind, id: kind === Beacon.Pact ? id : id.subarray(0, length) }));

export const metadata: fc.Arbitrary<RowMetadata> = fc.record({
  maxRssi: i8,
  txPower: i8,
  delay: fc.integer({ min: 0, max: 15 }),
  hearings: fc.integer({ min: 0, max: 15 }),
});

export const row = fc
  .record({
    tag: bytes(8),
    kind: fc.constantFrom(...KINDS),
    minuteInHour: fc.integer({ min: 0, max: 59 }),
    sealed: bytes(3),
  })
  .map(encodeRow);

/** AdvA and AdvData of a valid frame of company FFFF, joined. */
export const frame = fc.tuple(chirp, i8, fc.integer({ min: 0, max: 10 })).map(([value, txPower, age]) => {
  const { advA, advData } = encodeChirpFrame(value, txPower, age, 0xffff);
  return Buffer.concat([advA, advData]);
});

/** AdvA and AdvData of a Find My device with a 28-byte key, joined. */
export function findMyFrame(key: Buffer, status: number, hint: number): Buffer {
  const frame = Buffer.concat([
    key.subarray(0, 6),
    Buffer.from("1eff4c001219", "hex"),
    Buffer.from([status]),
    key.subarray(6),
    Buffer.from([(key[0] as number) >> 6, hint]),
  ]);
  frame[0] = (frame[0] as number) | 0xc0;
  return frame;
}

export function uploadFile(maxHours: number): fc.Arbitrary<UploadFile> {
  const reverse = fc.oneof(
    fc.constant([0, 0] as const),
    fc
      .tuple(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 1, max: 2_160 }))
      .map(([from, n]) => [from, from + n] as const),
  );
  return fc
    .record({
      regions: fc.array(region, { minLength: 1, maxLength: 8 }),
      reverse,
      firstHour: fc.integer({ min: 0, max: 71_000_000 }),
      seeds: fc.array(seed, { minLength: 1, maxLength: maxHours }),
    })
    .map(({ reverse: [reverseFrom, reverseTo], ...rest }) => ({ ...rest, reverseFrom, reverseTo }));
}

export const releasedSeed: fc.Arbitrary<ReleasedSeed> = fc.record({
  hour: fc.integer({ min: 500_000, max: 500_003 }),
  seed,
  reverse: fc.boolean(),
});

export const shardBlock: fc.Arbitrary<ShardBlock> = fc
  .tuple(u32, fc.uniqueArray(seed, { minLength: 1, maxLength: 6, selector: (s) => s.toString("hex") }), fc.nat(63))
  .map(([hour, seeds, mask]) => ({
    hour,
    seeds: seeds.sort(Buffer.compare),
    reverseMask: mask & ((1 << seeds.length) - 1),
  }));

const identity = fc.record({ region, chunk: u32, published: u32, keyId: bytes(KEY_ID_BYTES) });

/** Shard files of a few hours with a signature of noise: decoding does not verify it. */
export const shardFile = fc
  .tuple(identity, fc.array(releasedSeed, { maxLength: 40 }))
  .map(([who, released]) => layOutShard(sha256, who, packBlocks(released)))
  .map(({ unsigned }) => Buffer.concat([unsigned, Buffer.alloc(SLH_DSA_SIGNATURE_BYTES, 0x5a)]));

export const shardHeader = fc
  .tuple(identity, fc.integer({ min: 0, max: 1000 }), u32, fc.nat(5000), fc.nat(5))
  .map(([who, blocks, firstHour, hours, spare]) => {
    const empty = blocks === 0;
    return encodeShardHeader({
      ...who,
      blocks,
      firstHour: empty ? 0 : firstHour,
      lastHour: empty ? 0 : Math.min(0xffffffff, firstHour + hours),
      seeds: blocks * (6 - spare),
    });
  });

export const permissionText = bytes(PERMISSION_BYTES).map((value) => Buffer.from(encodePermissionNumber(value)));

/** Advertising data of a phone, with Flags or without. */
export const gaenFrame = fc
  .tuple(bytes(16), bytes(4), fc.boolean())
  .map(([rpi, aem, hasFlags]) => encodeGaenFrame(rpi, aem, hasFlags));

/** A phone's key as beacon reports carry it, of one of a few intervals: their blocks must not keep the VM without a pause. */
export const gaenSource = fc
  .record({
    tek: bytes(16),
    start: fc.integer({ min: 2_642_976, max: 2_642_979 }),
    period: fc.integer({ min: 1, max: 4 }),
    keyClass: fc.nat(31),
  })
  .map(encodeGaenSource);

/** Every decoder's valid input, as bytes. */
export const validInputs = {
  frame,
  findMyFrame: fc.tuple(chirp, fc.nat(255), fc.nat(255)).map(([key, status, hint]) => findMyFrame(key, status, hint)),
  row,
  uploadFile: uploadFile(12).map(encodeUploadFile),
  shardHeader,
  shardBlock: shardBlock.map(encodeShardBlock),
  shardFile,
  permissionNumber: permissionText,
  region: region.map((text) => Buffer.concat([Buffer.from(text), Buffer.alloc(6)]).subarray(0, 6)),
};

/** Fixed lengths of the decoders' inputs, for random input that gets past the length check. */
const LENGTHS = [ADV_A_BYTES + ADV_DATA_BYTES, ROW_BYTES, 64, 200, 112, 6];

/** What a hostile peer sends instead: cut short, too long, with flipped bits, or noise. */
export function hostile(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const flipped = fc.tuple(valid, fc.array(fc.nat(), { minLength: 1, maxLength: 4 })).map(([input, flips]) => {
    const copy = Buffer.from(input);
    for (const flip of flips) {
      const bit = flip % (copy.length * 8);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    return copy;
  });
  const truncated = fc.tuple(valid, fc.nat()).map(([input, n]) => Buffer.from(input.subarray(0, n % input.length)));
  const oversized = fc
    .tuple(valid, fc.uint8Array({ minLength: 1, maxLength: 300 }))
    .map(([a, b]) => Buffer.concat([a, b]));
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    ...LENGTHS.map((length) => bytes(length)),
  );
  return fc.oneof({ arbitrary: flipped, weight: 3 }, truncated, oversized, noise);
}
