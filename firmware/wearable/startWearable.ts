import { Command } from "../../protocol/keyfob/codes";
import type { Board } from "../board/board";
import { KeyfobServer } from "../host/server";
import { deviceScriptRuntime } from "../jacdac/deviceScriptRuntime";
import { JacdacSettings } from "../jacdac/jacdacSettings";

import { FaultCounters } from "../state/faultCounters";
import { openLogs } from "./storage";
import { Wearable } from "./wearable";

/** Runs the wearable on a board, with the values by key that the build chose. */
export async function startWearable(defaults: string, board: Board): Promise<void> {
  const runtime = deviceScriptRuntime;
  const settings = new JacdacSettings();
  const faults = await FaultCounters.start(settings);
  const logs = faults.safeMode ? undefined : await openLogs(board, runtime);
  const server = new KeyfobServer();
  const wearable = new Wearable(board, runtime, settings, defaults, faults, logs, async (report) => {
    await server.sendReport(Command.ImportProgress, report);
  });
  server.start(wearable.service);
  await wearable.start();
}
