// One list of cases for both worlds. This file is compiled for the VM and run in Node: it turns an operation and its
// inputs into one line of text, and a test compares the lines that the two worlds give.

import { readI8, readU16, readU32 } from "../base/bytes";
import { FormatError } from "../base/formatError";
import { decodeRegion, encodeRegion } from "../base/region";
import type { Sha256 } from "../base/sha256";
import { firstMinuteOfHour, hourOfMinute, hourOfSeconds, minuteOfSeconds } from "../base/time";
import { chirpOf } from "../beacon/chirp";
import { decodeFindMyFrame } from "../beacon/findMy";
import {
  decodeGaenFrame,
  encodeGaenFrame,
  intervalOfMinute,
  intervalOfPlaintext,
  openAem,
  rpiPlaintext,
  sealAem,
} from "../beacon/gaen";
import { decodeChirpFrame, encodeChirpFrame } from "../beacon/pact";
import { type BeaconFrame, MAX_ID_BYTES } from "../beacon/sighting";
import { SlhDsaVerifier } from "../crypto/slhDsa";
import { decodeRow, encodeRow, openMetadata, ROW_BYTES, type RowMetadata, sealRow } from "../log/contactRow";
import { DEFAULT_SCORE } from "../match/defaultScore";
import { infectiousnessOf, keyClassOf, keyClassWeight } from "../match/gaenWeight";
import { LoadedRows } from "../match/loadedRows";
import { HourMatcher, matchGiven } from "../match/matching";
import { adviceFor, attenuationClass, attenuationDb, isDirect, weightedMinutes } from "../match/score";
import { BEACON_BLOCK_BYTES, BeaconReportReader, encodeBeaconHeader } from "../report/beaconReport";
import { decodeGaenSource, encodeGaenSource, GAEN_LAYOUT } from "../report/gaenReport";
import { decodePermissionNumber, encodePermissionNumber } from "../report/permissionNumber";
import { decodeShardBlock, decodeShardHeader, encodeShardBlock, encodeShardHeader, keyIdOf } from "../report/shard";
import { decodeShardFile, layOutShard } from "../report/shardFile";
import { decodeUploadFile, encodeUploadFile } from "../report/uploadFile";
import { CxOperation, runCxOperation } from "./cxCases";

/** What a case does; the number stands in the list that both worlds read. */
export enum Operation {
  Time = 0,
  Chirp = 1,
  EncodeFrame = 2,
  DecodeFrame = 3,
  SealRow = 4,
  DecodeRow = 5,
  OpenRow = 6,
  Region = 7,
  UploadFile = 8,
  ShardHeader = 9,
  ShardBlock = 10,
  ShardFile = 11,
  EncodePermission = 12,
  DecodePermission = 13,
  Match = 14,
  Score = 15,
  KeyId = 16,
  /** Sets public key, signature, message and context for the verifications that follow. */
  UseSignature = 17,
  /** Verifies with one bit flipped in one of the four (index, bit number), or in none (index 4). */
  Verify = 18,
  GaenFrame = 19,
  GaenMetadata = 20,
  GaenSource = 21,
  BeaconReport = 22,
  DecodeFindMyFrame = 23,
  MatchGiven = 24,
}

/** The longest line that the VM prints whole; a longer result is given as its digest. */
const MAX_LINE = 100;

/** Runs cases one after the other; `pause` lets a device yield in long ones. */
export class CaseRunner {
  private readonly sha256: Sha256;
  private readonly pause: () => Promise<void>;
  private signed: Buffer[];

  constructor(sha256: Sha256, pause: () => Promise<void>) {
    this.sha256 = sha256;
    this.pause = pause;
    this.signed = [];
  }

  /** One line of text: the result, or `!field@offset` for a FormatError. Anything else thrown is a defect and passes on. */
  async run(operation: Operation | CxOperation, inputs: Buffer[]): Promise<string> {
    if (operation === Operation.UseSignature) {
      this.signed = inputs;
      return "signature";
    }
    if (operation === Operation.Verify) return await this.verify(inputs[0][0], readU16(inputs[0], 1));
    let line: string;
    try {
      line =
        operation >= CxOperation.AesBlock
          ? await runCxOperation(this.sha256, this.pause, operation, inputs)
          : runOperation(this.sha256, operation as Operation, inputs);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      line = `!${error.field}@${error.offset}`;
    }
    return line.length > MAX_LINE ? `#${this.sha256(Buffer.from(line, "utf8")).toString("hex")}` : line;
  }

  private async verify(target: number, bit: number): Promise<string> {
    const inputs: Buffer[] = [];
    for (let i = 0; i < this.signed.length; i++) inputs.push(Buffer.from(this.signed[i]));
    if (target < inputs.length) inputs[target][bit >> 3] = inputs[target][bit >> 3] ^ (1 << (bit & 7));
    const verifier = new SlhDsaVerifier(this.sha256, inputs[0], inputs[1], inputs[2], inputs[3]);
    await this.pause();
    while (verifier.step()) await this.pause();
    return verifier.isValid() ? "valid" : "invalid";
  }
}

function runOperation(sha256: Sha256, operation: Operation, inputs: Buffer[]): string {
  const a = inputs[0];
  switch (operation) {
    case Operation.Time: {
      const value = readU32(a, 0);
      return `${minuteOfSeconds(value)} ${hourOfSeconds(value)} ${hourOfMinute(value)} ${firstMinuteOfHour(hourOfSeconds(value))}`;
    }
    case Operation.Chirp:
      return hex(chirpOf(sha256, a, readU32(inputs[1], 0)));
    case Operation.EncodeFrame: {
      const { advA, advData } = encodeChirpFrame(a, readI8(inputs[1], 0), inputs[1][1], readU16(inputs[1], 2));
      return `${hex(advA)} ${hex(advData)}`;
    }
    case Operation.DecodeFrame: {
      const frame = decodeChirpFrame(a, inputs[1], readU16(inputs[2], 0));
      return describeFrame(frame);
    }
    case Operation.DecodeFindMyFrame:
      return describeFrame(decodeFindMyFrame(a, inputs[1]));
    case Operation.SealRow:
      return hex(sealRow(sha256, inputs[1][8], a, readU32(inputs[1], 0), metadataOf(inputs[1])));
    case Operation.DecodeRow:
      return hex(encodeRow(decodeRow(a)));
    case Operation.OpenRow: {
      const row = decodeRow(a);
      return describeMetadata(openMetadata(sha256, row.kind, row.sealed, inputs[1], readU32(inputs[2], 0)));
    }
    case Operation.Region:
      return hex(encodeRegion(decodeRegion(a, 0)));
    case Operation.UploadFile:
      return hex(encodeUploadFile(decodeUploadFile(a)));
    case Operation.ShardHeader:
      return hex(encodeShardHeader(decodeShardHeader(a)));
    case Operation.ShardBlock:
      return hex(encodeShardBlock(decodeShardBlock(a)));
    case Operation.ShardFile: {
      const shard = decodeShardFile(sha256, a);
      const again = layOutShard(sha256, shard.header, shard.blocks);
      return `${hex(again.chain)} ${hex(sha256(again.unsigned))}`;
    }
    case Operation.EncodePermission:
      return encodePermissionNumber(a);
    case Operation.DecodePermission:
      return hex(decodePermissionNumber(a.toString("utf8")));
    case Operation.Match:
      return matchLine(sha256, a, inputs[1], inputs[2]);
    case Operation.MatchGiven:
      return givenLine(sha256, inputs[0], inputs[1], inputs[2]);
    case Operation.Score:
      return scoreLine(a);
    case Operation.KeyId:
      return hex(keyIdOf(sha256, a));
    case Operation.GaenFrame: {
      const { rpi, aem } = decodeGaenFrame(a);
      return `${hex(rpi)} ${hex(aem)} ${hex(encodeGaenFrame(rpi, aem, a.length > 28))}`;
    }
    case Operation.GaenMetadata:
      return metadataLine(a, inputs[1], readU32(inputs[2], 0));
    case Operation.GaenSource:
      return hex(encodeGaenSource(decodeGaenSource(a, 0)));
    case Operation.BeaconReport:
      return beaconLine(sha256, a, inputs[1]);
    default:
      return "?";
  }
}

/** What a phone's metadata say, and its interval; the first two bytes serve as report type and onset as well. */
function metadataLine(aem: Buffer, keystream: Buffer, minute: number): string {
  const metadata = openAem(aem, keystream);
  const plaintext = rpiPlaintext(minute);
  const said = `${metadata.majorVersion} ${metadata.minorVersion} ${metadata.calibration} ${metadata.txPower}`;
  const sealed = hex(sealAem(metadata.txPower, keystream));
  const weight = keyClassWeight(keyClassOf(aem[0] & 7, infectiousnessOf(readI8(aem, 1))));
  return `${said} ${sealed} ${intervalOfMinute(minute)} ${hex(plaintext)} ${intervalOfPlaintext(plaintext)} ${weight}`;
}

/** Header again, whether all blocks came, and what the signature must sign; the header stands for the sources. */
function beaconLine(sha256: Sha256, header: Buffer, blocks: Buffer): string {
  const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, header);
  for (let at = 0; at < blocks.length; at += BEACON_BLOCK_BYTES)
    reader.accept(blocks.slice(at, at + BEACON_BLOCK_BYTES));
  const again = hex(encodeBeaconHeader(GAEN_LAYOUT, reader.header));
  return `${again} ${reader.isComplete() ? 1 : 0} ${hex(reader.signedMessage(sha256(header)))}`;
}

/** Rows come as (hour u32, row 12) each; the hour matched is that of the block. */
function matchLine(sha256: Sha256, capacity: Buffer, rows: Buffer, blockBytes: Buffer): string {
  const block = decodeShardBlock(blockBytes);
  const matcher = new HourMatcher(sha256, new LoadedRows(capacity[0]));
  matcher.begin(block.hour);
  let line = "";
  for (let at = 0; at < rows.length; at += 4 + ROW_BYTES)
    if (!matcher.rows.add(readU32(rows, at), rows.slice(at + 4, at + 4 + ROW_BYTES))) line = "full ";
  const matches = matcher.matchBlock(block);
  for (let i = 0; i < matches.length; i++)
    line += `${matches[i].index}:${matches[i].minute}:${describeMetadata(matches[i].metadata)};`;
  return line;
}

/** Parameters: capacity, kind, minutes, first minute u32; identifiers of 28 bytes; rows as above. */
function givenLine(sha256: Sha256, parameters: Buffer, rows: Buffer, idBytes: Buffer): string {
  const loaded = new LoadedRows(parameters[0]);
  loaded.begin(parameters[1], readU32(parameters, 3), parameters[2]);
  let line = "";
  for (let at = 0; at < rows.length; at += 4 + ROW_BYTES)
    if (!loaded.add(readU32(rows, at), rows.slice(at + 4, at + 4 + ROW_BYTES))) line = "full ";
  const ids: Buffer[] = [];
  for (let at = 0; at < idBytes.length; at += MAX_ID_BYTES) ids.push(idBytes.slice(at, at + MAX_ID_BYTES));
  matchGiven(sha256, loaded, ids, (match) => {
    line += `${match.index}:${match.minute}:${describeMetadata(match.metadata)};`;
  });
  return line;
}

function describeFrame(frame: BeaconFrame): string {
  return `${frame.kind} ${hex(frame.id)} ${frame.txPowerDbm} ${frame.age}`;
}

/** Bytes: txPower i8, rssi i8, four direct minutes, shared minutes, delay. */
function scoreLine(bytes: Buffer): string {
  const attenuation = attenuationDb(readI8(bytes, 0), readI8(bytes, 1));
  const weighted = weightedMinutes(DEFAULT_SCORE, [bytes[2], bytes[3], bytes[4], bytes[5]], bytes[6]);
  const advice = adviceFor(DEFAULT_SCORE, weighted);
  const hundredths = Math.round(weighted * 100);
  return `${attenuation} ${attenuationClass(DEFAULT_SCORE, attenuation)} ${hundredths} ${advice} ${isDirect(bytes[7]) ? 1 : 0}`;
}

/** Metadata as case input: bytes 4 to 7 are rssi i8, txPower i8, delay, hearings; 8 is the kind. */
function metadataOf(bytes: Buffer): RowMetadata {
  return { maxRssi: readI8(bytes, 4), txPower: readI8(bytes, 5), delay: bytes[6], hearings: bytes[7] };
}

function describeMetadata(metadata: RowMetadata): string {
  return `${metadata.maxRssi},${metadata.txPower},${metadata.delay},${metadata.hearings}`;
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}
