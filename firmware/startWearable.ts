import type { Board } from "./board";
import { deviceScriptRuntime } from "./deviceScriptRuntime";
import { Command } from "./keyfob/codes";
import { KeyfobServer } from "./keyfob/server";
import type { Tunables } from "./state/config";
import { JacdacSettings } from "./state/jacdacSettings";
import { Wearable } from "./wearable";

/** Runs the wearable on a board, with the values that the build chose. */
export async function startWearable(tunables: Tunables, board: Board): Promise<void> {
  const server = new KeyfobServer();
  const wearable = new Wearable(board, deviceScriptRuntime, new JacdacSettings(), tunables, async (report) => {
    await server.sendReport(Command.ImportProgress, report);
  });
  server.start(wearable.service);
  await wearable.start();
}
