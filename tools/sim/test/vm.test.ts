import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import { SeededRandom } from "../core/random";
import { decodeFrame, encodeFrame } from "../jacdac/frame";
import { extractVm, VmBundleError } from "../vm/bundle";
import { describePanic, ProgramFailed, runToCompletion } from "../vm/run";
import { blankSettingsFlash, type Panic, Vm } from "../vm/vm";

let lifecycle: Bytecode;
let echo: Bytecode;

beforeAll(async () => {
  lifecycle = await buildBytecode("sim-lifecycle", "tools/sim/test/programs/lifecycle.ts");
  echo = await buildBytecode("sim-echo", "tools/sim/test/programs/echo.ts");
}, 60_000);

interface Run {
  log: string[];
  panics: Panic[];
  resets: number;
  flash: Uint8Array;
  steps: number;
}

/** Runs a program for a span of its own time, stepping when it asks or every `fixedStepUs`. */
function run(image: Uint8Array, spanUs: number, deviceId: bigint, fixedStepUs?: number): Run {
  const result: Run = { log: [], panics: [], resets: 0, flash: blankSettingsFlash(), steps: 0 };
  const random = new SeededRandom("vm.test");
  let nowUs = 0;
  const vm = new Vm({
    deviceId,
    localMicros: () => nowUs,
    randomBytes: (length) => random.bytes(length),
    settingsFlash: result.flash,
    onLog: (line) => result.log.push(line),
    onPanic: (panic) => result.panics.push(panic),
    onReset: () => result.resets++,
  });
  vm.deploy(image);
  while (nowUs < spanUs) {
    const wanted = vm.step();
    result.steps++;
    nowUs += fixedStepUs ?? wanted;
  }
  return result;
}

const printed = (result: Run): string[] => result.log.filter((line) => line.startsWith("> "));

describe("the VM bundle", () => {
  const bundle = readFileSync(
    createRequire(import.meta.url).resolve("@devicescript/cli/built/devicescript-cli.cjs"),
    "utf8",
  );

  it("holds the WebAssembly binary of the VM", () => {
    expect([...extractVm(bundle).subarray(0, 4)]).toEqual([0x00, 0x61, 0x73, 0x6d]);
  });

  it("is refused when one character of the VM differs, with the way out", () => {
    const changed = bundle.replace("tim_get_micros", "tim_get_micr0s").replace("devsStart()", "devsStrat()");
    expect(() => extractVm(changed)).toThrow(VmBundleError);
    expect(() => extractVm(changed)).toThrow(/@devicescript\/cli 2\.16\.4.*npm ci.*bundle\.ts/s);
  });

  it("is refused when it holds no VM at all", () => {
    expect(() => extractVm("// some other program")).toThrow(/no DeviceScript VM/);
  });
});

describe("a VM", () => {
  it("sleeps to the millisecond and costs at most a handful of steps a second", () => {
    const eventDriven = run(lifecycle.image, 62e6, 1n);
    const everyMillisecond = run(lifecycle.image, 62e6, 1n, 1000);
    expect(printed(eventDriven).filter((line) => line.startsWith("> t"))).toHaveLength(4);
    expect(printed(eventDriven)).toEqual(printed(everyMillisecond));
    expect(eventDriven.steps).toBeLessThan(62 * 8);
  });

  it("resets itself and keeps its settings", () => {
    const result = run(lifecycle.image, 195e6, 1n);
    expect(result.resets).toBe(2);
    expect(printed(result).filter((line) => line.startsWith("> boot"))).toEqual(["> boot 1", "> boot 2", "> boot 3"]);
  });

  it("reports a panic with code and source lines", () => {
    const [panic] = run(lifecycle.image, 195e6, 1n).panics;
    expect(panic?.code).toBe(60005);
    const text = describePanic(panic as Panic, lifecycle.debugFile);
    expect(text).toContain("getting field 'length' of undefined");
    expect(text).toMatch(/failOnPurpose_F\d+ \(pc:\d+\) \(tools\/sim\/test\/programs\/lifecycle\.ts:7\)/);
    expect(text).toMatch(/main_F0 \(pc:\d+\) \(tools\/sim\/test\/programs\/lifecycle\.ts:22\)/);
  });

  it("does the same again, byte for byte, from the same seed, and knows its own id", () => {
    const first = run(lifecycle.image, 195e6, 0xfedcba9876543210n);
    const second = run(lifecycle.image, 195e6, 0xfedcba9876543210n);
    expect(second).toEqual(first);
    expect(printed(first)).toContain("> id 1032547698badcfe");
    expect(printed(run(lifecycle.image, 1e6, 7n))).toContain("> id 0700000000000000");
  });
});

describe("a VM's bus", () => {
  /** Boots a VM without a program, hands it frames at once, and counts the answers of its control service. */
  function answers(frames: Uint8Array[]): number {
    let nowUs = 0;
    let count = 0;
    const vm = new Vm({
      deviceId: 5n,
      localMicros: () => nowUs,
      randomBytes: (length) => new Uint8Array(length),
      settingsFlash: blankSettingsFlash(),
      onFrame: (frame) => {
        count += decodeFrame(frame).filter((p) => p.serviceIndex === 0 && p.command === UPTIME).length;
      },
    });
    vm.step();
    for (const frame of frames) vm.deliver(frame);
    while (nowUs < 2e6) nowUs += vm.step();
    return count;
  }
  const UPTIME = 0x1186;
  const ask = encodeFrame({
    deviceId: 5n,
    isCommand: true,
    serviceIndex: 0,
    command: UPTIME,
    data: new Uint8Array(200),
  });

  it("loses no frame of a flood that its queue cannot hold", () => {
    expect(answers(Array.from({ length: 50 }, () => ask))).toBe(50);
  });

  it("drops damaged frames, and only those", () => {
    const damaged = ask.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    expect(answers([damaged, ask, damaged, damaged, ask])).toBe(2);
  });
});

describe("runToCompletion", () => {
  it("returns what was printed before the end marker", () => {
    const seen: string[] = [];
    const options = { endMarker: "echo end", timeoutVirtualMs: 10_000, onLog: (line: string) => seen.push(line) };
    const lines = runToCompletion(echo.image, options);
    expect(lines[0]).toBe("echo start");
    expect(seen).toEqual(lines);
  });

  it("says which lines came last when the end marker does not come", () => {
    const options = { endMarker: "never", timeoutVirtualMs: 3_000 };
    expect(() => runToCompletion(echo.image, options)).toThrow(/did not print "never" within 3000 ms.*echo end/s);
  });

  it("throws the panic of the program", () => {
    const options = { endMarker: "never", timeoutVirtualMs: 300_000, debugFile: lifecycle.debugFile };
    expect(() => runToCompletion(lifecycle.image, options)).toThrow(ProgramFailed);
  });
});
