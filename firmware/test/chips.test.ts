import { describe, expect, test } from "vitest";
import { buildBytecode } from "../../tools/build/bytecode";
import { runToCompletion } from "../../tools/sim/vm/run";
import { CHIP_CASES } from "./chips/cases";
import type { Scheduler } from "./chips/desk";

/** Turns of the event loop in which a fiber of Node may go on. */
const scheduler: Scheduler = {
  start: (fiber) => void fiber(),
  yieldNow: () => new Promise((done) => setImmediate(done)),
};

describe("chip drivers in Node", () => {
  for (const { title, run } of CHIP_CASES) test(title, () => run(scheduler));
});

test("every case of the chip drivers passes as bytecode in the DeviceScript VM", { timeout: 60_000 }, async () => {
  const { image, debugFile } = await buildBytecode("chip-cases", "firmware/test/programs/chips.ts");
  const lines = runToCompletion(image, { endMarker: "done", timeoutVirtualMs: 600_000, debugFile });
  expect(lines).toEqual(CHIP_CASES.map(({ title }) => `pass: ${title}`));
});
