import { readFileSync } from "node:fs";
import { slh_dsa_sha2_128s as slhDsa } from "@noble/post-quantum/slh-dsa.js";
import fc from "fast-check";
import { sha256 } from "../../tools/base/sha256";
import { gaenExpansion } from "../../tools/gaen/expansion";
import { chirpOf } from "../beacon/chirp";
import { Beacon } from "../beacon/sighting";
import { sealRow } from "../log/contactRow";
import { beaconBlocks, layOutBeaconReport } from "../report/beaconReportFile";
import { encodeShardBlock, SHARD_SIGNATURE_CONTEXT, type ShardBlock } from "../report/shard";
import * as arb from "./arbitraries";
import { Operation } from "./cases";
import { listCxCases } from "./cxCaseList";
import type { CxOperation } from "./cxCases";

/** One entry of the shared list. */
export interface Case {
  readonly operation: Operation | CxOperation;
  readonly inputs: Buffer[];
}

/** A vector of pact-v1.json: everything that follows from a seed and a minute. */
export interface Vector {
  seed: string;
  t: number;
  chirp: string;
  txPower: number;
  direct: { advA: string; advData: string };
  repeatedAge7: { advA: string; advData: string };
  row: { rssi: number; delay: number; hearings: number; tag: string; minute: number; sealed: string; plain: string };
}

export const VECTORS = JSON.parse(readFileSync(new URL("vectors/pact-v1.json", import.meta.url), "utf8")) as Vector[];

/** A vector of beacons-v1.json: a row of another kind, and the advertisement that it is of. */
export interface BeaconVector {
  kind: Beacon;
  id: string;
  originMinute: number;
  frame?: { advA: string; advData: string };
  row: { maxRssi: number; txPower: number; delay: number; hearings: number; bytes: string };
}

export const BEACON_VECTORS = JSON.parse(
  readFileSync(new URL("vectors/beacons-v1.json", import.meta.url), "utf8"),
) as BeaconVector[];

/** The fixed seed of everything drawn here: both worlds must see the same list, and a failure must come again. */
const DRAW_SEED = 20201111;

/**
 * The cases that both worlds run: every vector, values drawn by fast-check, hostile input for every decoder, and
 * signatures, genuine and with single bits flipped.
 *
 * @param perOperation how many valid cases are drawn of each kind
 * @param hostile how many hostile inputs each decoder gets
 * @param flips how many single-bit corruptions of a signature's inputs
 */
export function listCases(perOperation: number, hostile: number, flips: number): Case[] {
  return [
    ...vectorCases(),
    ...drawnCases(perOperation),
    ...decoderCases(perOperation, hostile),
    ...matchCases(),
    ...gaenCases(perOperation, hostile / 4),
    ...givenCases(),
    ...signatureCases(flips),
    ...listCxCases(30, 150),
  ];
}

function vectorCases(): Case[] {
  const beacons = BEACON_VECTORS.flatMap(({ kind, id, originMinute, frame, row }) => {
    const idBytes = Buffer.from(id, "hex");
    const [advA, advData] = [Buffer.from(frame?.advA ?? "", "hex"), Buffer.from(frame?.advData ?? "", "hex")];
    return [
      entry(
        Operation.SealRow,
        idBytes,
        rowParameters(originMinute, row.maxRssi, row.txPower, row.delay, row.hearings, kind),
      ),
      entry(Operation.OpenRow, Buffer.from(row.bytes, "hex"), idBytes, u32(originMinute)),
      ...(frame ? [entry(Operation.DecodeFindMyFrame, advA, advData)] : []),
    ];
  });
  const chirps = VECTORS.flatMap(({ seed, t, chirp, txPower, row, direct, repeatedAge7 }) => {
    const chirpBytes = Buffer.from(chirp, "hex");
    const sealed = Buffer.from(`${row.tag}${u8(row.minute)}${row.sealed}`, "hex");
    return [
      entry(Operation.Chirp, Buffer.from(seed, "hex"), u32(t)),
      entry(Operation.EncodeFrame, chirpBytes, frameParameters(txPower, 0)),
      entry(Operation.EncodeFrame, chirpBytes, frameParameters(txPower, 7)),
      ...[direct, repeatedAge7].map(({ advA, advData }) =>
        entry(Operation.DecodeFrame, Buffer.from(advA, "hex"), Buffer.from(advData, "hex"), Buffer.from("ffff", "hex")),
      ),
      entry(Operation.SealRow, chirpBytes, rowParameters(t, row.rssi, txPower, row.delay, row.hearings)),
      entry(Operation.OpenRow, sealed, chirpBytes, u32(t)),
    ];
  });
  return [...chirps, ...beacons];
}

function drawnCases(count: number): Case[] {
  const parameters = fc.tuple(arb.chirp, arb.i8, fc.nat(12), fc.nat(0xffff));
  return [
    ...draw(arb.u32, count, (value) => entry(Operation.Time, u32(value))),
    ...draw(fc.tuple(arb.seed, arb.u32), count, ([seed, t]) => entry(Operation.Chirp, seed, u32(t))),
    ...draw(parameters, count, ([chirp, txPower, age, company]) =>
      entry(Operation.EncodeFrame, chirp, frameParameters(txPower, age, company)),
    ),
    ...draw(fc.tuple(arb.identifier, arb.u32, arb.metadata), count, ([{ kind, id }, t, m]) =>
      entry(Operation.SealRow, id, rowParameters(t, m.maxRssi, m.txPower, m.delay, m.hearings, kind)),
    ),
    ...draw(fc.tuple(arb.identifier, arb.u32, arb.row), count, ([{ id }, t, row]) =>
      entry(Operation.OpenRow, row, id, u32(t)),
    ),
    ...draw(arb.bytes(16), count, (value) => entry(Operation.EncodePermission, value)),
    ...draw(arb.bytes(8), count, (value) => entry(Operation.Score, value)),
    ...draw(arb.bytes(32), count, (value) => entry(Operation.KeyId, value)),
  ];
}

const DECODERS: [keyof typeof arb.validInputs, Operation][] = [
  ["row", Operation.DecodeRow],
  ["region", Operation.Region],
  ["uploadFile", Operation.UploadFile],
  ["shardHeader", Operation.ShardHeader],
  ["shardBlock", Operation.ShardBlock],
  ["shardFile", Operation.ShardFile],
  ["permissionNumber", Operation.DecodePermission],
];

/** For every decoder valid inputs and hostile ones. */
function decoderCases(valid: number, hostile: number): Case[] {
  const inputsOf = (name: keyof typeof arb.validInputs) => [
    ...fc.sample(arb.validInputs[name], { seed: DRAW_SEED, numRuns: valid }),
    ...fc.sample(arb.hostile(arb.validInputs[name]), { seed: DRAW_SEED, numRuns: hostile }),
  ];
  const company = Buffer.from("ffff", "hex");
  const cases = inputsOf("frame").map((input) =>
    entry(Operation.DecodeFrame, input.subarray(0, 6), input.subarray(6), company),
  );
  cases.push(
    ...inputsOf("findMyFrame").map((input) =>
      entry(Operation.DecodeFindMyFrame, input.subarray(0, 6), input.subarray(6)),
    ),
  );
  for (const [name, operation] of DECODERS)
    cases.push(...inputsOf(name).map((input) => entry(operation, readable(name, input))));
  return cases;
}

/** A region is read out of a longer record, so six bytes are always there; a permission number is text that a person typed. */
function readable(name: keyof typeof arb.validInputs, input: Buffer): Buffer {
  if (name === "region") return Buffer.concat([input, Buffer.alloc(6)]).subarray(0, 6);
  return name === "permissionNumber" ? Buffer.from(input.toString("latin1").replace(/[^ -~]/g, "?")) : input;
}

/** Phones' frames, metadata, sources and expanded blocks, and hostile ones. */
function gaenCases(valid: number, hostile: number): Case[] {
  const teks = fc.uniqueArray(arb.gaenSource, {
    minLength: 1,
    maxLength: 14,
    selector: (s) => s.toString("hex", 0, 16),
  });
  const report = teks.map((sources) => {
    const table = Buffer.concat(sources.sort(Buffer.compare));
    const identity = { region: "US-MA", chunk: 1, published: 7, keyId: Buffer.alloc(8, 3) };
    const { unsigned } = layOutBeaconReport(sha256, gaenExpansion, identity, table);
    return [unsigned.subarray(0, 64), Buffer.concat([...beaconBlocks(gaenExpansion, table)])] as const;
  });
  return [
    ...draw(arb.gaenFrame, valid, (input) => entry(Operation.GaenFrame, input)),
    ...draw(arb.hostile(arb.gaenFrame), hostile, (input) => entry(Operation.GaenFrame, input)),
    ...draw(fc.tuple(arb.bytes(4), arb.bytes(4), arb.u32), valid, ([aem, keystream, value]) =>
      entry(Operation.GaenMetadata, aem, keystream, u32(value)),
    ),
    ...draw(arb.gaenSource, valid, (input) => entry(Operation.GaenSource, input)),
    ...draw(arb.bytes(24), hostile, (input) => entry(Operation.GaenSource, input)),
    ...draw(report, 20, ([header, blocks]) => entry(Operation.BeaconReport, header, blocks)),
    ...draw(fc.tuple(report, fc.nat(), fc.boolean()), hostile, ([[header, blocks], flip, inHeader]) => {
      const changed = Buffer.from(inHeader ? header : blocks);
      const bit = flip % (changed.length * 8);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return inHeader ? entry(Operation.BeaconReport, changed, blocks) : entry(Operation.BeaconReport, header, changed);
    }),
  ];
}

/** Rows around the edges of an hour, among strangers' rows, against a block that made some of them. */
function matchCases(): Case[] {
  // Minute 28 of this hour carries into the second byte of the minute number.
  const hour = 498_103;
  const pick = fc.record({
    seeds: fc.uniqueArray(arb.seed, { minLength: 1, maxLength: 6, selector: (s) => s.toString("hex") }),
    heard: fc.array(
      fc.record({ seed: fc.nat(5), minute: fc.nat(59), late: fc.integer({ min: -4, max: 4 }), m: arb.metadata }),
      { maxLength: 25 },
    ),
    strangers: fc.array(fc.tuple(arb.row, fc.integer({ min: -1, max: 1 })), { maxLength: 25 }),
    capacity: fc.integer({ min: 20, max: 60 }),
  });
  return draw(pick, 60, ({ seeds, heard, strangers, capacity }) => {
    const block: ShardBlock = { hour, seeds: seeds.sort(Buffer.compare), reverseMask: 0 };
    const rows = strangers.map(([row, shift]) => Buffer.concat([u32(hour + shift), row]));
    for (const { seed, minute, late, m } of heard) {
      const made = hour * 60 + minute;
      const origin = made + late;
      const chirp = chirpOf(sha256, seeds[seed % seeds.length] as Buffer, made);
      rows.push(Buffer.concat([u32(Math.floor(origin / 60)), sealRow(sha256, Beacon.Pact, chirp, origin, m)]));
    }
    return entry(Operation.Match, Buffer.from([capacity]), Buffer.concat(rows), encodeShardBlock(block));
  });
}

/** Rows of lasting identifiers around the edges of an interval, among strangers' rows of all kinds. */
function givenCases(): Case[] {
  const from = 29_886_180;
  const minutes = 15;
  const pick = fc.record({
    kind: fc.constantFrom(Beacon.Gaen, Beacon.Cx, Beacon.FindMy),
    ids: fc.array(arb.chirp, { minLength: 1, maxLength: 6 }),
    heard: fc.array(
      fc.record({ id: fc.nat(7), kind: fc.nat(9), minute: fc.integer({ min: -4, max: 19 }), m: arb.metadata }),
      { maxLength: 25 },
    ),
    strangers: fc.array(fc.tuple(arb.row, fc.integer({ min: -1, max: 1 })), { maxLength: 15 }),
    capacity: fc.integer({ min: 15, max: 50 }),
  });
  return draw(pick, 60, ({ kind, ids, heard, strangers, capacity }) => {
    const hour = Math.floor(from / 60);
    const rows = strangers.map(([row, shift]) => Buffer.concat([u32(hour + shift), row]));
    for (const { id, kind: other, minute, m } of heard) {
      const origin = from + minute;
      const row = sealRow(sha256, other < 8 ? kind : Beacon.Pact, ids[id % ids.length] as Buffer, origin, m);
      rows.push(Buffer.concat([u32(Math.floor(origin / 60)), row]));
    }
    const parameters = Buffer.concat([Buffer.from([capacity, kind, minutes]), u32(from)]);
    return entry(Operation.MatchGiven, parameters, Buffer.concat(rows), Buffer.concat(ids));
  });
}

/** Public key, signature, message and context of a genuine signature, made with fixed randomness. */
export function genuineSignature(): [Buffer, Buffer, Buffer, Buffer] {
  const keys = slhDsa.keygen(Buffer.alloc(48, 7));
  const message = sha256(Buffer.from("chain"));
  const context = Buffer.from(SHARD_SIGNATURE_CONTEXT);
  const signature = slhDsa.sign(message, keys.secretKey, { context, extraEntropy: Buffer.alloc(16, 9) });
  return [Buffer.from(keys.publicKey), Buffer.from(signature), message, context];
}

/** Which bits are flipped: all parts get their share, the long signature most of them, spread over its whole length. */
export function signatureFlips(count: number): { target: number; bit: number }[] {
  const [publicKey, signature, message, context] = genuineSignature();
  const parts = [publicKey, signature, message, context];
  return Array.from({ length: count }, (_, i) => {
    const target = i % 8 < 5 ? 1 : ([0, 2, 3][i % 3] ?? 0);
    const bits = (parts[target] as Buffer).length * 8;
    return { target, bit: Math.floor(((i * 0.6180339887) % 1) * bits) };
  });
}

function signatureCases(flips: number): Case[] {
  return [
    entry(Operation.UseSignature, ...genuineSignature()),
    entry(Operation.Verify, Buffer.from([4, 0, 0])),
    ...signatureFlips(flips).map(({ target, bit }) =>
      entry(Operation.Verify, Buffer.from([target, bit >> 8, bit & 0xff])),
    ),
  ];
}

function draw<T>(arbitrary: fc.Arbitrary<T>, count: number, toCase: (value: T) => Case): Case[] {
  return fc.sample(arbitrary, { seed: DRAW_SEED, numRuns: count }).map(toCase);
}

function entry(operation: Operation, ...inputs: Buffer[]): Case {
  return { operation, inputs };
}

function frameParameters(txPower: number, age: number, company = 0xffff): Buffer {
  return Buffer.from([txPower & 0xff, age, company >> 8, company & 0xff]);
}

function rowParameters(
  minute: number,
  rssi: number,
  txPower: number,
  delay: number,
  hearings: number,
  kind = Beacon.Pact,
): Buffer {
  return Buffer.concat([u32(minute), Buffer.from([rssi & 0xff, txPower & 0xff, delay, hearings, kind])]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u8(value: number): string {
  return value.toString(16).padStart(2, "0");
}
