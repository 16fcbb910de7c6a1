import type { BeaconCodec } from "../../protocol/beacon/sighting";
import { Command } from "../../protocol/keyfob/codes";
import type { Agenda } from "../base/agenda";
import type { Board } from "../board/board";
import { KeyfobServer } from "../host/server";
import type { KeyfobService } from "../host/service";
import { deviceScriptRuntime } from "../jacdac/deviceScriptRuntime";
import { JacdacSettings } from "../jacdac/jacdacSettings";
import type { Clock } from "../state/clock";
import { FaultCounters } from "../state/faultCounters";
import { openLogs } from "./storage";
import { runWearable } from "./wearable";

/** Runs the wearable on a board, with the values by key that the build chose. @param codecs of the kinds of beacons that it hears */
export async function startWearable(defaults: string, codecs: BeaconCodec[], board: Board): Promise<void> {
  const runtime = deviceScriptRuntime;
  const settings = new JacdacSettings();
  const faults = await FaultCounters.start(settings);
  const logs = faults.safeMode ? undefined : await openLogs(board, runtime);
  const serve = (agenda: Agenda, clock: Clock, service: KeyfobService) => {
    const server = new KeyfobServer(agenda, clock, service);
    return async (report: Buffer) => await server.sendReport(Command.ImportProgress, report);
  };
  await runWearable(board, runtime, settings, defaults, faults, logs, codecs, serve);
}
