import { ROW_BYTES } from "../../protocol/contactRow";
import type { FlashStore } from "../flash/flashStore";
import { CHECK_BYTES, CHECKS_AT, GROUP_BYTES, GROUP_ROWS, SEAL_AT, setCheck, VOID } from "./rowGroup";
import { zero } from "./sectorRing";

/**
 * Overwrites the rows of slots `from` to `to` - 1 with zeros, in the groups that start at `address`, and keeps the others
 * readable whenever the power fails: first the seal goes, then the checks, then the rows.
 *
 * @throws FlashError
 */
export async function eraseRows(store: FlashStore, address: number, from: number, to: number): Promise<void> {
  for (let slot = from; slot < to; slot += GROUP_ROWS - (slot % GROUP_ROWS)) {
    const group = address + Math.floor(slot / GROUP_ROWS) * GROUP_BYTES;
    const first = slot % GROUP_ROWS;
    const end = Math.min(GROUP_ROWS, first + to - slot);
    const checks = Buffer.from(await store.read(group + CHECKS_AT, CHECK_BYTES));
    for (let k = first; k < end; k++) setCheck(checks, 0, k, VOID);
    await zero(store, group + SEAL_AT, 2);
    await store.program(group + CHECKS_AT, checks);
    await zero(store, group + first * ROW_BYTES, (end - first) * ROW_BYTES);
  }
}
