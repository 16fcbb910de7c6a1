import type { Board } from "./board";
import { deviceScriptRuntime } from "./deviceScriptRuntime";
import { FaultCounters } from "./faults/faultCounters";
import { Command } from "./keyfob/codes";
import { KeyfobServer } from "./keyfob/server";
import type { Tunables } from "./state/config";
import { JacdacSettings } from "./state/jacdacSettings";
import { openLogs } from "./wearable/storage";
import { Wearable } from "./wearable/wearable";

/** Runs the wearable on a board, with the values that the build chose. */
export async function startWearable(tunables: Tunables, board: Board): Promise<void> {
  const runtime = deviceScriptRuntime;
  const settings = new JacdacSettings();
  const faults = await FaultCounters.start(settings);
  const logs = faults.safeMode ? undefined : await openLogs(board, runtime);
  const server = new KeyfobServer();
  const wearable = new Wearable(board, runtime, settings, tunables, faults, logs, async (report) => {
    await server.sendReport(Command.ImportProgress, report);
  });
  server.start(wearable.service);
  await wearable.start();
}
