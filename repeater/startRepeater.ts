import type { Board } from "../firmware/board/board";
import { KeyfobServer } from "../firmware/host/server";
import { deviceScriptRuntime } from "../firmware/jacdac/deviceScriptRuntime";
import { JacdacSettings } from "../firmware/jacdac/jacdacSettings";

import { RepeaterDevice } from "./repeaterDevice";

/** Runs the repeater on a board, with the values that the build chose. */
export async function startRepeater(defaults: string, board: Board): Promise<void> {
  const server = new KeyfobServer();
  const device = new RepeaterDevice(board, deviceScriptRuntime, new JacdacSettings(), defaults);
  server.start(device.service);
  await device.start();
}
