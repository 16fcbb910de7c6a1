import { sliceCopy } from "../../protocol/base/bytes";
import { FormatError } from "../../protocol/base/formatError";
import { decodeRegion, REGION_BYTES } from "../../protocol/base/region";
import { Command, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { putU32 } from "../base/littleEndian";
import { NO_CHUNK, type RegionKeys } from "../state/regionKeys";
import type { SettingsGuard } from "../wearer/settingsGuard";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

/** Which regions' shards the keyfob believes. */
export class RegionKeyCommands implements CommandGroup {
  private readonly keys: RegionKeys;
  private readonly guard: SettingsGuard;

  constructor(keys: RegionKeys, guard: SettingsGuard) {
    this.keys = keys;
    this.guard = guard;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const keys = this.keys;
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.RegionKeyGet) {
      this.fillKey(report, payload[At.RegionKeyGetIndex]);
      return report;
    }
    // Region, key and the report lie alike in both commands.
    const region = sliceCopy(payload, At.RegionKeyAddRegion, REGION_BYTES);
    const key = sliceCopy(payload, At.RegionKeyAddKey, payload.length - At.RegionKeyAddKey);
    if (!isRegion(region)) report[At.RegionKeyAddReportStatus] = Status.Malformed;
    else if (command === Command.RegionKeyAdd) {
      // What is held already changes nothing, and tells nothing that regionKeyGet does not.
      if (!keys.holds(region, key) && !this.guard.allows()) report[At.RegionKeyAddReportStatus] = Status.NoConsent;
      else if (!(await keys.add(region, key))) report[At.RegionKeyAddReportStatus] = Status.Full;
    } else if (!this.guard.allows()) report[At.RegionKeyAddReportStatus] = Status.NoConsent;
    else if (!(await keys.remove(region, key))) report[At.RegionKeyAddReportStatus] = Status.NoSuchKey;
    report[At.RegionKeyAddReportCount] = keys.count();
    return report;
  }

  private fillKey(report: Buffer, index: number): void {
    const keys = this.keys;
    const isHeld = index < keys.count();
    putU32(report, At.RegionKeyGetReportLastChunk, isHeld ? keys.lastChunk(index) : NO_CHUNK);
    report[At.RegionKeyGetReportCount] = keys.count();
    report[At.RegionKeyGetReportIndex] = index;
    if (isHeld) report.set(keys.trust(index), At.RegionKeyGetReportTrust);
    else report[At.RegionKeyGetReportStatus] = Status.NoSuchKey;
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
