import { sliceCopy } from "../../protocol/bytes";
import { FormatError } from "../../protocol/formatError";
import { decodeRegion, REGION_BYTES } from "../../protocol/region";
import { KEY_ID_BYTES } from "../../protocol/shard";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../protocol/slhDsa";
import { NO_CHUNK, type RegionKeys } from "../state/regionKeys";
import { Command, Status } from "./codes";
import { type CommandGroup, statusReport } from "./commandGroup";
import { getU16, putU16, putU32 } from "./littleEndian";

const REGION_AT = 2;
const KEY_AT = REGION_AT + REGION_BYTES;
const REPORT_BYTES = 4;
const GET_REPORT_BYTES = 47;
const TRUST_AT = 9;

/** Which regions' shards the keyfob believes. */
export class RegionKeyCommands implements CommandGroup {
  private readonly keys: RegionKeys;

  constructor(keys: RegionKeys) {
    this.keys = keys;
  }

  offers(command: number): boolean {
    return command === Command.RegionKeyAdd || command === Command.RegionKeyRemove || command === Command.RegionKeyGet;
  }

  async handle(command: number, payload: Buffer): Promise<Buffer | undefined> {
    if (command === Command.RegionKeyGet) return this.get(payload);
    const keyBytes = command === Command.RegionKeyAdd ? SLH_DSA_PUBLIC_KEY_BYTES : KEY_ID_BYTES;
    if (payload.length !== KEY_AT + keyBytes) return undefined;
    const region = sliceCopy(payload, REGION_AT, REGION_BYTES);
    const key = sliceCopy(payload, KEY_AT, keyBytes);
    let status = Status.Malformed;
    if (isRegion(region))
      status = command === Command.RegionKeyAdd ? await this.add(region, key) : await this.remove(region, key);
    const report = statusReport(getU16(payload, 0), status, REPORT_BYTES);
    report[3] = this.keys.count();
    return report;
  }

  private async add(region: Buffer, key: Buffer): Promise<Status> {
    return (await this.keys.add(region, key)) ? Status.Ok : Status.Full;
  }

  private async remove(region: Buffer, keyId: Buffer): Promise<Status> {
    return (await this.keys.remove(region, keyId)) ? Status.Ok : Status.NoSuchKey;
  }

  private get(payload: Buffer): Buffer | undefined {
    if (payload.length !== 3) return undefined;
    const index = payload[2];
    const isHeld = index < this.keys.count();
    const report = Buffer.alloc(GET_REPORT_BYTES);
    putU32(report, 0, isHeld ? this.keys.lastChunk(index) : NO_CHUNK);
    putU16(report, 4, getU16(payload, 0));
    report[6] = isHeld ? Status.Ok : Status.NoSuchKey;
    report[7] = this.keys.count();
    report[8] = index;
    if (isHeld) report.set(this.keys.trust(index), TRUST_AT);
    return report;
  }
}

function isRegion(bytes: Buffer): boolean {
  try {
    decodeRegion(bytes, 0);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
