import { Agenda } from "../firmware/base/agenda";
import type { Board } from "../firmware/board/board";
import { KeyfobServer } from "../firmware/host/server";
import { KeyfobService } from "../firmware/host/service";
import { deviceScriptRuntime } from "../firmware/jacdac/deviceScriptRuntime";
import { JacdacSettings } from "../firmware/jacdac/jacdacSettings";
import { Clock } from "../firmware/state/clock";
import { Config } from "../firmware/state/config";
import { FaultCounters } from "../firmware/state/faultCounters";
import type { RepeatedCodec } from "../protocol/beacon/sighting";
import { Role } from "../protocol/keyfob/codes";
import { RepeaterDevice } from "./repeaterDevice";

/** Runs the repeater on a board, with the values by key that the build chose. @param codec of the kind of beacons that it repeats */
export async function startRepeater(defaults: string, codec: RepeatedCodec, board: Board): Promise<void> {
  const runtime = deviceScriptRuntime;
  const settings = new JacdacSettings();
  const clock = new Clock(runtime.timer);
  const agenda = new Agenda(runtime);
  if (board.radioJob) agenda.add(board.radioJob);
  const faults = await FaultCounters.start(settings);
  const service = new KeyfobService(runtime.timer);
  const config = new Config(settings, defaults, Role.Repeater, 1 << codec.kind);
  const device = new RepeaterDevice(service, agenda, clock, board, runtime, config, codec, faults);
  new KeyfobServer(agenda, clock, service);
  await device.start();
}
