import { retry } from "../base/retry";
import type { ClockSync, Keyfob } from "../keyfob/keyfob";
import { change } from "./change";
import type { KeyfobSession } from "./session";

/** Over a shorter time the rounding of the clocks would pass for a drift. */
const MIN_DRIFT_SECONDS = 3600;
/** A keyfob that learns the time takes a second or two to write its seed and to be on the air. */
const BEGIN_LIMIT_MS = 5000;
const BEGIN_POLL_MS = 200;

/** What came of setting a keyfob's clock. */
export interface ClockReport {
  /** The keyfob's clock before, minus the time set. */
  readonly driftMs: number;
  /** 0: it was never set before. */
  readonly sinceSyncSeconds: number;
  readonly previous: ClockSync["previous"];
  /** null where too little time has passed to tell. */
  readonly driftPpm: number | null;
  readonly chirping: boolean;
}

/**
 * Sets the keyfob's clock to this computer's; a keyfob has no other source of time than its host. One that is off by more than some
 * minutes asks its wearer first, because either clock may be wrong.
 */
export async function syncClock(session: KeyfobSession): Promise<ClockReport> {
  const { keyfob, now, signal } = session;
  const { driftMs, sinceSync, previous } = await change(keyfob, session, () => keyfob.setClock(now));
  const driftPpm =
    previous === "set" && sinceSync >= MIN_DRIFT_SECONDS ? Math.round((driftMs * 1000) / sinceSync) : null;
  return { driftMs, sinceSyncSeconds: sinceSync, previous, driftPpm, chirping: await awaitChirping(keyfob, signal) };
}

/** Whether the keyfob chirps with the time that it has now; one that is snoozed is not waited for. */
async function awaitChirping(keyfob: Keyfob, signal: AbortSignal): Promise<boolean> {
  const look = async (): Promise<boolean | undefined> => {
    const { state } = await keyfob.status();
    return state.chirping || (state.snoozed ? false : undefined);
  };
  return (await retry(look, { pauseMs: BEGIN_POLL_MS, limitMs: BEGIN_LIMIT_MS, signal })) ?? false;
}
