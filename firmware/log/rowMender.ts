import { copyBytes, readU16, writeU16 } from "../../protocol/bytes";
import { ROW_BYTES } from "../../protocol/contactRow";
import type { FlashStore } from "../flash/flashStore";
import { storedCrc } from "./crc16";
import {
  CHECK_BYTES,
  CHECKS_AT,
  GROUP_BYTES,
  GROUP_ROWS,
  getCheck,
  groupCrc,
  rowCheck,
  SEAL_AT,
  setCheck,
  UNWRITTEN,
  VOID,
} from "./rowGroup";

/**
 * Makes good what a power cut left in the group that was being written: voids checks that do not fit their rows, and
 * completes the seal of a full group. Returns the group as it then is.
 *
 * @throws FlashError
 */
export async function mendGroup(store: FlashStore, address: number): Promise<Buffer> {
  const group = Buffer.from(await store.read(address, GROUP_BYTES));
  let voided = false;
  for (let k = 0; k < GROUP_ROWS; k++) {
    const check = getCheck(group, CHECKS_AT, k);
    if (check === VOID || check === UNWRITTEN || check === rowCheck(group, k * ROW_BYTES)) continue;
    setCheck(group, CHECKS_AT, k, VOID);
    voided = true;
  }
  if (voided) await store.program(address + CHECKS_AT, checksOf(group));
  const stored = readU16(group, SEAL_AT);
  const seal = storedCrc(groupCrc(group));
  if (getCheck(group, CHECKS_AT, GROUP_ROWS - 1) !== UNWRITTEN && stored !== seal && (stored & seal) === seal) {
    writeU16(group, SEAL_AT, seal);
    await store.program(address + SEAL_AT, group.slice(SEAL_AT, GROUP_BYTES));
  }
  return group;
}

function checksOf(group: Buffer): Buffer {
  const checks = Buffer.alloc(CHECK_BYTES);
  copyBytes(checks, 0, group, CHECKS_AT, CHECK_BYTES);
  return checks;
}
