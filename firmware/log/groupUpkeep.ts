import { readU16, writeU16 } from "../../protocol/base/bytes";
import type { FlashStore } from "../board/flashStore";
import {
  CHECK_BYTES,
  GROUP_BYTES,
  groupHourAt,
  HEAD_AT,
  ROWS_AT,
  SEAL_AT,
  sealOf,
  voidRows,
  voidWrongChecks,
} from "./rowGroup";

/**
 * Makes good what a power cut left of the group at `address`, the last one in use, and seals it.
 *
 * @param firstHour the hour that its sector was opened for
 * @throws FlashError
 */
export async function mendGroup(store: FlashStore, address: number, firstHour: number): Promise<void> {
  const group = await readMended(store, address);
  if (groupHourAt(group, 0, firstHour) === 0) await store.program(address + HEAD_AT, Buffer.alloc(ROWS_AT - HEAD_AT));
  await sealGroup(store, address, group);
}

/**
 * Erases the rows of `lastHour` and of every hour before from the group at `address`. First the seal goes, then the checks, then
 * the rows, so that the group's other rows count whenever the power fails. For that an open group is sealed first: of a right
 * seal a cut leaves fewer bits, but of a blank one any.
 *
 * @param firstHour the hour that its sector was opened for
 * @throws FlashError
 */
export async function expireGroup(
  store: FlashStore,
  address: number,
  lastHour: number,
  firstHour: number,
): Promise<void> {
  const group = await readMended(store, address);
  await sealGroup(store, address, group);
  if (!voidRows(group, lastHour, firstHour)) return;
  await store.program(address + SEAL_AT, group.slice(SEAL_AT, GROUP_BYTES));
  await store.program(address, group.slice(0, CHECK_BYTES));
  await store.program(address + ROWS_AT, group.slice(ROWS_AT, SEAL_AT));
}

/** A group without the rows whose cells lost bits: a seal would vouch for them. */
async function readMended(store: FlashStore, address: number): Promise<Buffer> {
  const group = await store.read(address, GROUP_BYTES);
  if (voidWrongChecks(group)) await store.program(address, group.slice(0, CHECK_BYTES));
  return group;
}

/** Programs the seal that is blank or was cut while it was programmed; one that is whole or voided stays. */
async function sealGroup(store: FlashStore, address: number, group: Buffer): Promise<void> {
  const seal = sealOf(group);
  const stored = readU16(group, SEAL_AT);
  if (stored === seal || (stored & seal) !== seal) return;
  writeU16(group, SEAL_AT, seal);
  await store.program(address + SEAL_AT, group.slice(SEAL_AT, GROUP_BYTES));
}
