// An upload that nobody publishes, so that who watches a computer's traffic cannot tell from an upload that somebody is ill.

import { randomBytes } from "node:crypto";
import { hourOfSeconds } from "../../protocol/base/time";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import { CHAFF_NUMBER, encodePermissionNumber } from "../../protocol/report/permissionNumber";
import { DEFAULT_UPLOAD_HOURS, encodeUploadFile } from "../../protocol/report/uploadFile";
import type { SocksProxy } from "../feed/proxy";
import { faultOf } from "./deskError";
import type { Work } from "./events";
import { newReceipt } from "./receipt";
import { sendUntilAnswered } from "./share";

/** A keyfob that is synced once a day sends one a week or so, from wherever it is synced. */
export const SYNCS_FOR_A_DECOY = 8;

/**
 * Sends random seeds with the permission number that stands for none (docs/operations.md, "What it answers"). On the wire it is an upload
 * of the default window like any other. That it does not arrive is nobody's concern.
 *
 * @param region home region of the service
 */
export async function sendDecoy(server: URL, region: string, proxy: SocksProxy | undefined, work: Work): Promise<void> {
  const endHour = hourOfSeconds(Math.floor(work.now() / 1000)) + 1;
  const body = encodeUploadFile({
    regions: [region],
    reverseFrom: 0,
    reverseTo: 0,
    firstHour: endHour - DEFAULT_UPLOAD_HOURS,
    seeds: Array.from({ length: DEFAULT_UPLOAD_HOURS }, () => randomBytes(SEED_BYTES)),
  });
  const sending = { permission: encodePermissionNumber(CHAFF_NUMBER), receipt: newReceipt(), body };
  try {
    await sendUntilAnswered(server, sending, proxy, { ...work, tell: () => undefined });
  } catch (error) {
    work.signal.throwIfAborted();
    if (faultOf(error) === undefined) throw error;
  }
}
