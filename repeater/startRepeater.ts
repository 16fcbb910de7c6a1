import type { Board } from "../firmware/board";
import { deviceScriptRuntime } from "../firmware/deviceScriptRuntime";
import { KeyfobServer } from "../firmware/keyfob/server";
import type { Tunables } from "../firmware/state/config";
import { JacdacSettings } from "../firmware/state/jacdacSettings";
import { RepeaterDevice } from "./repeaterDevice";

/** Runs the repeater on a board, with the values that the build chose. */
export async function startRepeater(tunables: Tunables, board: Board): Promise<void> {
  const server = new KeyfobServer();
  const device = new RepeaterDevice(board, deviceScriptRuntime, new JacdacSettings(), tunables);
  server.start(device.service);
  await device.start();
}
