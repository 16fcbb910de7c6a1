import * as ds from "@devicescript/core";
import { randomBuffer } from "@devicescript/crypto";
import type { Runtime } from "../base/runtime";
import type { Timer } from "../base/timer";

/** Time as DeviceScript counts it. */
export const timer: Timer = {
  millis: () => ds.millis(),
  sleep: async (ms: number) => {
    await ds.sleep(ms);
  },
};

/** DeviceScript as the program sees it. */
export const deviceScriptRuntime: Runtime = {
  timer,
  randomBytes: randomBuffer,
  background: (work: () => Promise<void>) => {
    work.start();
  },
  reboot: () => {
    ds.reboot();
  },
};
