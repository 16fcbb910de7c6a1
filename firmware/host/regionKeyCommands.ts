import { sliceCopy } from "../../protocol/base/bytes";
import { FormatError } from "../../protocol/base/formatError";
import { decodeRegion, REGION_BYTES } from "../../protocol/base/region";
import { putU32 } from "../base/littleEndian";
import { NO_CHUNK, type RegionKeys } from "../state/regionKeys";
import { Command, Status } from "./codes";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

const REGION_AT = 2;
const KEY_AT = REGION_AT + REGION_BYTES;
const TRUST_AT = 9;

/** Which regions' shards the keyfob believes. */
export class RegionKeyCommands implements CommandGroup {
  private readonly keys: RegionKeys;

  constructor(keys: RegionKeys) {
    this.keys = keys;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const keys = this.keys;
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.RegionKeyGet) {
      this.fillKey(report, payload[2]);
      return report;
    }
    const region = sliceCopy(payload, REGION_AT, REGION_BYTES);
    const key = sliceCopy(payload, KEY_AT, payload.length - KEY_AT);
    if (!isRegion(region)) report[2] = Status.Malformed;
    else if (command === Command.RegionKeyAdd) {
      if (!(await keys.add(region, key))) report[2] = Status.Full;
    } else if (!(await keys.remove(region, key))) report[2] = Status.NoSuchKey;
    report[3] = keys.count();
    return report;
  }

  private fillKey(report: Buffer, index: number): void {
    const keys = this.keys;
    const isHeld = index < keys.count();
    putU32(report, 0, isHeld ? keys.lastChunk(index) : NO_CHUNK);
    report[7] = keys.count();
    report[8] = index;
    if (isHeld) report.set(keys.trust(index), TRUST_AT);
    else report[6] = Status.NoSuchKey;
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
