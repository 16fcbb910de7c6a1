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

let resting: ds.Fiber | undefined;

/** DeviceScript as the program sees it. */
export const deviceScriptRuntime: Runtime = {
  timer,
  randomBytes: randomBuffer,
  background: (work: () => Promise<void>) => {
    work.start();
  },
  rest: async (untilMs: number) => {
    resting = ds.Fiber.self();
    await ds.suspend(untilMs - ds.millis());
    resting = undefined;
  },
  wake: () => {
    const fiber = resting;
    resting = undefined;
    if (fiber) fiber.resume(undefined);
  },
  reboot: () => {
    ds.reboot();
  },
};
