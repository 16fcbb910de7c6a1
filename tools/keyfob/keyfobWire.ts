// The packets of services/keyfob.md as typed values: numbers little-endian at the offsets written there.

import { REGION_BYTES } from "../../protocol/base/region";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../protocol/crypto/slhDsa";
import { KEY_ID_BYTES, SHARD_BLOCK_BYTES } from "../../protocol/report/shard";

/** Class of the keyfob service. */
export const KEYFOB_SERVICE_CLASS = 0x1c4fb003;

/** Version of the service that this host speaks. */
export const KEYFOB_PROTOCOL = 1;

export const KEYFOB_COMMAND = {
  status: 0x80,
  counters: 0x81,
  clockSet: 0x82,
  configGet: 0x83,
  configSet: 0x84,
  snooze: 0x85,
  regionKeyAdd: 0x88,
  regionKeyRemove: 0x89,
  regionKeyGet: 0x8a,
  consentAsk: 0x8c,
  exportBegin: 0x90,
  exportBlock: 0x91,
  exportEnd: 0x92,
  importBegin: 0x98,
  importPiece: 0x99,
  importProgress: 0x9a,
  importVerify: 0x9b,
  resultsBegin: 0xa0,
  resultsBlock: 0xa1,
  resultsEnd: 0xa2,
  erase: 0xa8,
} as const;

/** Status of an answer, by its number on the wire. */
export const STATUS_NAMES = [
  "Ok",
  "Malformed",
  "NotOffered",
  "Busy",
  "ClockNotSet",
  "NoConsent",
  "OutOfRange",
  "NoSuchKey",
  "Full",
  "Already",
  "NotBegun",
  "BadHeader",
  "UnknownRegionKey",
  "BadBlock",
  "Incomplete",
  "Verifying",
  "BadSignature",
  "WaitingForButton",
  "Refused",
  "Expired",
  "StorageFault",
] as const;

export type KeyfobStatusName = (typeof STATUS_NAMES)[number];

/** What a consent is asked for. */
export const PURPOSE = { export: 1, results: 2, erase: 3 } as const;

/** Bits of the status answer's `state`. */
const STATE_FLAG = {
  clockSet: 0x1,
  clockApproximate: 0x2,
  radioUp: 0x4,
  chirping: 0x8,
  snoozed: 0x10,
  syncing: 0x20,
  fault: 0x40,
  safeMode: 0x80,
  storageReady: 0x100,
  consentPending: 0x200,
  consentGranted: 0x400,
  overCapacity: 0x800,
} as const;

export type StateFlag = keyof typeof STATE_FLAG;

/** Configuration keys by name; the same names on the command line. */
export const CONFIG_KEYS = {
  chirpIntervalMs: 1,
  scanIntervalMs: 2,
  scanWindowMs: 3,
  rssiFloorDbm: 4,
  hearFindMy: 5,
  companyId: 6,
  txPowerDbm: 7,
  retentionDays: 8,
  snoozeMinutes: 9,
  attenuationNearDb: 10,
  attenuationMediumDb: 11,
  attenuationFarDb: 12,
  weightNear: 13,
  weightMedium: 14,
  weightFar: 15,
  weightBeyond: 16,
  weightShared: 17,
  alertMinutes: 18,
  noticeMinutes: 19,
  quiet: 20,
} as const;

export type ConfigName = keyof typeof CONFIG_KEYS;

/** Names of the counters, in the order in which they come. */
const COUNTER_NAMES = [
  "chirpsHeard",
  "rowsWritten",
  "rowsEarly",
  "hearingsDropped",
  "framesIgnored",
  "weakIgnored",
  "minutesChirped",
  "minutesMissed",
  "hciResets",
  "hciErrors",
  "hciGarbage",
  "storageErrors",
  "packetsRefused",
  "blocksImported",
  "shardsVerified",
  "shardsRefused",
  "freeHeapBytes",
  "restarts",
  "crashes",
  "liveChirps",
  "chirpsDropped",
] as const;

export interface KeyfobStatus {
  /** Unix seconds of the device's clock, 0 before it was set. */
  readonly now: number;
  /** Unix seconds at which chirping goes on, 0 when not snoozed. */
  readonly snoozeUntil: number;
  /** Seconds since the program started. */
  readonly uptime: number;
  /** Unix seconds of the last clock sync, 0 if never. */
  readonly lastSync: number;
  readonly state: Record<StateFlag, boolean>;
  readonly protocol: number;
  readonly role: "wearable" | "repeater" | "unknown";
  readonly version: string;
  /** Percent, or undefined where the board cannot tell. */
  readonly battery: number | undefined;
}

export interface ConfigValue {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

export interface RegionKey {
  readonly region: string;
  /** SLH-DSA public key, 32 bytes. */
  readonly key: Buffer;
  /** Highest chunk of the region that the keyfob has verified. */
  readonly lastChunk: number | undefined;
}

/** Minutes of one hour, as the keyfob matched them. */
export interface HourResult {
  readonly hour: number;
  /** Direct minutes by attenuation class, closest first. */
  readonly direct: number[];
  /** Shared-space minutes by attenuation class. */
  readonly shared: number[];
  /** The infected person asks who may have been the source. */
  readonly reverse: boolean;
}

/** Seeds in an export block. */
export const EXPORT_BLOCK_SEEDS = 7;
/** Most ranges of hours that one export can leave out. */
export const MAX_REDACTED_RANGES = 8;
/** Bytes of a piece of a shard file: a block's, and the signature is cut up alike. */
export const PIECE_BYTES = SHARD_BLOCK_BYTES;
/** Bytes of one record of the results. */
const RECORD_BYTES = 16;
const NO_CHUNK = 0xffffffff;

/** Reads the payload of a status report; undefined if it is too short. */
export function decodeStatus(data: Buffer): KeyfobStatus | undefined {
  if (data.length < 28) return undefined;
  const bits = data.readUInt16LE(16);
  const role = data[21];
  const battery = Number(data[25]);
  const state = Object.fromEntries(Object.entries(STATE_FLAG).map(([name, bit]) => [name, (bits & bit) !== 0]));
  return {
    now: data.readUInt32LE(0),
    snoozeUntil: data.readUInt32LE(4),
    uptime: data.readUInt32LE(8),
    lastSync: data.readUInt32LE(12),
    state: state as Record<StateFlag, boolean>,
    protocol: Number(data[20]),
    role: role === 1 ? "wearable" : role === 2 ? "repeater" : "unknown",
    version: `${data[22]}.${data[23]}.${data[24]}`,
    battery: battery === 255 ? undefined : battery,
  };
}

/** Reads the counters that the device sends; those it does not know are absent. */
export function decodeCounters(data: Buffer): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [i, name] of COUNTER_NAMES.entries()) {
    const at = 2 + 4 * i;
    if (at + 4 <= data.length) counters[name] = data.readUInt32LE(at);
  }
  return counters;
}

/** Reads one entry of the region keys; the caller has checked status and length. */
export function decodeRegionKey(data: Buffer): RegionKey {
  const lastChunk = data.readUInt32LE(0);
  return {
    region: data
      .subarray(9, 9 + REGION_BYTES)
      .toString("ascii")
      .replace(/\0+$/, ""),
    key: Buffer.from(data.subarray(15, 15 + SLH_DSA_PUBLIC_KEY_BYTES)),
    lastChunk: lastChunk === NO_CHUNK ? undefined : lastChunk,
  };
}

/** Bytes of a region key answer. */
export const REGION_KEY_ANSWER_BYTES = 9 + REGION_BYTES + SLH_DSA_PUBLIC_KEY_BYTES;
/** Bytes of a remove request. */
export const REGION_KEY_REMOVE_BYTES = 2 + REGION_BYTES + KEY_ID_BYTES;

/** Reads the records of a results block; a partial one at the end is ignored. */
export function decodeResults(records: Buffer): HourResult[] {
  const results: HourResult[] = [];
  for (let at = 0; at + RECORD_BYTES <= records.length; at += RECORD_BYTES)
    results.push({
      hour: records.readUInt32LE(at),
      direct: [...records.subarray(at + 4, at + 8)],
      shared: [...records.subarray(at + 8, at + 12)],
      reverse: (Number(records[at + 12]) & 1) === 1,
    });
  return results;
}
