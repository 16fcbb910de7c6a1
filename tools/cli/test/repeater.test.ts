// What the command line says to somebody with a repeater at the cable: the compiled program, in the simulator.

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildBytecode } from "../../build/bytecode";
import { type Desk, openDesk } from "../../keyfob/test/simDesk";
import { EXIT } from "../errors";
import { runCli } from "./runCli";

let desk: Desk;

beforeAll(async () => {
  const { image } = await buildBytecode("repeater", "repeater/main.ts");
  desk = await openDesk({ image });
}, 60_000);

afterAll(() => desk.close());

const repeater = (...args: string[]) => runCli([...args, "--port", desk.port.address]);

test("status tells a shop what its repeater does, and nothing of clocks, batteries and logs that it does not have", async () => {
  const { exitCode, stdout } = await repeater("status");
  expect(exitCode).toBe(EXIT.ok);
  expect(stdout).toMatch(/^device +repeater/);
  expect(stdout).toMatch(/^repeating +no, it has nothing to repeat now$/m);
  expect(stdout).toMatch(/^liveChirps +0$/m);
  expect(stdout).not.toMatch(/^(clock|battery|storage|rowsWritten|shardsVerified)/m);
}, 30_000);

test("status says that it is quiet, for as long as it is", async () => {
  expect((await repeater("config", "set", "quiet", "1")).exitCode).toBe(EXIT.ok);
  expect((await repeater("status")).stdout).toMatch(/^repeating +no, it is quiet: "chirpfob config set quiet 0"/m);
  expect((await repeater("status", "--json")).json()).toMatchObject({ role: "repeater", quiet: true });
  expect((await repeater("config", "set", "quiet", "0")).exitCode).toBe(EXIT.ok);
  expect((await repeater("status", "--json")).json()).toMatchObject({ quiet: false });
}, 30_000);

test.each([
  ["seeds export --days 1 --regions US-MA -o nothing.pact", /this is a repeater: it has no seeds/],
  ["exposures", /this is a repeater: it has no results/],
  ["clock sync", /it is a repeater/],
  ["snooze 5", /it is a repeater/],
  ["keys list", /it is a repeater/],
  ["erase --yes", /it is a repeater/],
])(
  "chirpfob %s is refused because it is a repeater",
  async (line, reason) => {
    const { exitCode, stderr, stdout } = await repeater(...line.split(" "));
    expect([exitCode, stdout]).toEqual([EXIT.refused, ""]);
    expect(stderr).toMatch(reason);
  },
  30_000,
);
