import { pause } from "../base/timers";
import { findBoard } from "../boards/boards";
import { examineHardware, type HardwareFinding, SETTINGS_SERVICE_CLASS, WATCH_MS } from "../boards/hardwareChecks";
import type { KeyfobSession } from "./session";

/**
 * Watches a device for a little over a minute and judges its hardware.
 *
 * @param boardId what the device is, where the person said so: the advice is then more exact
 * @throws BoardsError if there is no such board
 */
export async function checkSoldering(
  { keyfob, signal, tell }: KeyfobSession,
  boardId: string | undefined,
): Promise<HardwareFinding[]> {
  const board = boardId === undefined ? undefined : findBoard(boardId);
  const read = async () => ({ status: await keyfob.status(), counters: await keyfob.counters() });
  const before = await read();
  tell({ kind: "watching", ms: WATCH_MS });
  await pause(WATCH_MS, signal);
  const after = await read();
  const showsSettings = keyfob.board.services(SETTINGS_SERVICE_CLASS).length > 0;
  return examineHardware({ before, after, board, showsSettings });
}
