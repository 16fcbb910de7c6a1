// What the packets of services/keyfob.md mean to a host: values with units and names instead of fields.

import { REGION_BYTES } from "../../protocol/base/region";
import { Counter } from "../../protocol/keyfob/codes";
import { CONFIG_TABLE } from "../../protocol/keyfob/configTable";
import { SHARD_BLOCK_BYTES } from "../../protocol/report/shard";
import { decodeRecords, decodeReport, type RoleName, type StateName } from "./packetCodec";

/** A configuration key by name; the same names on the command line. */
export type ConfigName = keyof typeof CONFIG_TABLE;
export const CONFIG_NAMES = Object.keys(CONFIG_TABLE) as ConfigName[];

export interface KeyfobStatus {
  /** Unix seconds of the device's clock, 0 before it was set. */
  readonly now: number;
  /** Unix seconds at which chirping goes on, 0 when not snoozed. */
  readonly snoozeUntil: number;
  /** Seconds since the program started. */
  readonly uptime: number;
  /** Unix seconds of the last clock sync, 0 if never. */
  readonly lastSync: number;
  readonly state: Readonly<Record<StateName, boolean>>;
  readonly protocol: number;
  readonly role: RoleName;
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
const BATTERY_UNKNOWN = 255;
const NO_CHUNK = 0xffffffff;
const REVERSE_FLAG = 1;

/** Reads the payload of a status report; undefined if it is too short. */
export function decodeStatus(data: Buffer): KeyfobStatus | undefined {
  const report = decodeReport("status", data);
  if (!report) return undefined;
  const { now, snoozeUntil, uptime, lastSync, state, protocol, role, battery } = report;
  return {
    now,
    snoozeUntil,
    uptime,
    lastSync,
    state,
    protocol,
    role,
    version: `${report.versionMajor}.${report.versionMinor}.${report.versionPatch}`,
    battery: battery === BATTERY_UNKNOWN ? undefined : battery,
  };
}

/** Reads the counters that the device sends; those it does not send are absent. */
export function decodeCounters(values: Buffer): Record<string, number> {
  const counters: Record<string, number> = {};
  for (let i = 0; Counter[i] !== undefined && 4 * i + 4 <= values.length; i++) {
    const name = Counter[i] as string;
    counters[`${name[0]?.toLowerCase()}${name.slice(1)}`] = values.readUInt32LE(4 * i);
  }
  return counters;
}

/** Reads one entry of the region keys; undefined if it is too short. */
export function decodeRegionKey(trust: Buffer, lastChunk: number): RegionKey | undefined {
  const [record] = decodeRecords("trust", trust);
  if (!record) return undefined;
  const region = record.region.subarray(0, REGION_BYTES).toString("ascii").replace(/\0+$/, "");
  return { region, key: record.key, lastChunk: lastChunk === NO_CHUNK ? undefined : lastChunk };
}

/** Reads the records of a results block. */
export function decodeResults(records: Buffer): HourResult[] {
  return decodeRecords("hourResult", records).map(({ hour, direct, shared, flags }) => ({
    hour,
    direct: [...direct],
    shared: [...shared],
    reverse: (flags & REVERSE_FLAG) !== 0,
  }));
}
