import { Agenda } from "../firmware/base/agenda";
import type { Board } from "../firmware/board/board";
import { KeyfobServer } from "../firmware/host/server";
import { KeyfobService } from "../firmware/host/service";
import { deviceScriptRuntime } from "../firmware/jacdac/deviceScriptRuntime";
import { JacdacSettings } from "../firmware/jacdac/jacdacSettings";
import { Clock } from "../firmware/state/clock";
import { FaultCounters } from "../firmware/state/faultCounters";
import { RepeaterDevice } from "./repeaterDevice";

/** Runs the repeater on a board, with the values that the build chose. */
export async function startRepeater(defaults: string, board: Board): Promise<void> {
  const runtime = deviceScriptRuntime;
  const settings = new JacdacSettings();
  const clock = new Clock(runtime.timer);
  const agenda = new Agenda(runtime);
  if (board.radioJob) agenda.add(board.radioJob);
  const faults = await FaultCounters.start(settings);
  const service = new KeyfobService(runtime.timer);
  const device = new RepeaterDevice(service, agenda, clock, board, runtime, settings, defaults, faults);
  new KeyfobServer(agenda, clock, service);
  await device.start();
}
