import { findBoard } from "../boards/boards";
import {
  examineHardware,
  type HardwareFinding,
  MANUAL_STEPS,
  SETTINGS_SERVICE_CLASS,
  WATCH_MS,
} from "../boards/hardwareChecks";
import { pause } from "../keyfob/keyfob";
import { type PortOptions, withKeyfob } from "./device";
import { note } from "./output";

/**
 * Watches a device for a little over a minute and judges its hardware; then says what is left to do by hand.
 *
 * @param boardId what the device is, where the person said so: the advice is then more exact
 * @throws BoardsError if there is no such board
 */
export async function checkHardware(options: PortOptions, boardId: string | undefined): Promise<HardwareFinding[]> {
  const board = boardId === undefined ? undefined : findBoard(boardId);
  const findings = await withKeyfob(options, async ({ keyfob, signal }) => {
    const read = async () => ({ status: await keyfob.status(), counters: await keyfob.counters() });
    const before = await read();
    note(`Watching the device for ${WATCH_MS / 1000} seconds...`);
    await pause(WATCH_MS, signal);
    const after = await read();
    const showsSettings = keyfob.board.services(SETTINGS_SERVICE_CLASS).length > 0;
    return examineHardware({ before, after, board, showsSettings });
  });
  note(["Left to do by hand:", ...MANUAL_STEPS].join("\n  - "));
  return findings;
}
