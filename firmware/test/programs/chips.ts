import * as ds from "@devicescript/core";
import { CHIP_CASES } from "../chips/cases";
import type { Scheduler } from "../chips/desk";

class FiberScheduler implements Scheduler {
  start(fiber: () => Promise<void>): void {
    fiber.start();
  }

  async yieldNow(): Promise<void> {
    await ds.sleep(1);
  }
}

const scheduler = new FiberScheduler();
for (const chipCase of CHIP_CASES) {
  await scheduler.yieldNow(); // the VM stops a program that does not rest
  try {
    await chipCase.run(scheduler);
    console.log(`pass: ${chipCase.title}`);
  } catch (error) {
    console.log(`FAIL: ${chipCase.title}: ${(error as Error).message}`);
  }
}
console.log("done");
