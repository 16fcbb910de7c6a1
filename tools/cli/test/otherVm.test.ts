// What the simulator says to somebody whose @devicescript/cli is not the pinned one.

import { expect, test, vi } from "vitest";
import type * as bundleModule from "../../sim/vm/bundle";
import { EXIT } from "../errors";
import { runCli } from "./runCli";

vi.mock("../../sim/vm/bundle", async (original) => {
  const real = await original<typeof bundleModule>();
  return { ...real, vmModule: () => real.extractVm("// the bundle of another version") };
});

test.each([["sim device"], ["sim run --scenario household"]])(
  "chirpfob %s refuses another DeviceScript VM with one line that says what to do",
  async (line) => {
    const { exitCode, stderr, stdout } = await runCli(line.split(" "));
    expect([exitCode, stdout]).toEqual([EXIT.input, ""]);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(
      /^chirpfob: The simulator needs the VM of @devicescript\/cli [\d.]+ and refuses this one: .* Run "npm ci"/,
    );
  },
  60_000,
);
