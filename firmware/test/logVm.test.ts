import { beforeAll, describe, expect, it } from "vitest";
import { type Bytecode, buildBytecode } from "../../tools/build/bytecode";
import { blankNorFlash, type NorFlashState } from "../../tools/sim/device/norFlash";
import { Logs } from "../log/logs";
import { runBesideFlash } from "./flashRig";
import { HOUR, noPause, RowMaker, split } from "./logRig";
import { ModelFlash } from "./modelFlash";

const ROWS_AN_HOUR = 3000;

let program: Bytecode;

beforeAll(async () => {
  program = await buildBytecode("flash-logs", "firmware/test/programs/flashLogs.ts");
}, 60_000);

function run(state: NorFlashState, more: { cutAt?: number; isLost?: () => boolean; isAbsent?: boolean } = {}) {
  const { image, debugFile } = program;
  return runBesideFlash({ image, debugFile, state, limitMs: 300_000, ...more });
}

function value(lines: readonly string[], name: string): string {
  return (lines.find((line) => line.startsWith(`${name} `)) ?? "").slice(name.length + 1);
}

describe("the logs as bytecode in the VM", () => {
  it("write 3,000 rows in an hour's 60 batches, read them back and survive a restart", async () => {
    const state = blankNorFlash();
    const first = run(state).lines;
    expect([value(first, "size"), value(first, "held"), value(first, "seed")]).toEqual(["2097152", "0", "none"]);
    expect(value(first, "rows")).toBe(String(ROWS_AN_HOUR));
    expect(value(first, "result")).toBe(`${HOUR} ${Buffer.from("found").toString("hex").padEnd(64, "0")}`);
    await expectSameInNode(state);
    const second = run(state).lines;
    expect([value(second, "held"), value(second, "seed").slice(0, 4)]).toEqual([String(ROWS_AN_HOUR), "aa00"]);
    expect(value(second, "rows")).toBe(String(2 * ROWS_AN_HOUR));
  });

  it("mount a full 2 MiB in under 2 s of their own time, and expire its first days to the hour", async () => {
    const flash = new ModelFlash(2 << 20);
    const logs = new Logs(flash, noPause);
    await logs.mount();
    const make = new RowMaker();
    for (let hour = 0; hour < 700; hour++) {
      await logs.contacts.append(HOUR - 1000 + hour, make.rows(200));
      await logs.seeds.put(HOUR - 1000 + hour, Buffer.alloc(32, 1));
    }
    const state = blankNorFlash();
    state.bytes.set(flash.image);
    const { lines } = run(state);
    expect(Number.parseInt(value(lines, "mount"), 10)).toBeLessThan(2000);
    expect(value(lines, "expired")).toBe("0 kept 200");
    expect(value(lines, "rows")).toBe(String(ROWS_AN_HOUR));
  });

  it("repeat what a lossy bus loses: every seventh report", () => {
    let reports = 0;
    const { lines } = run(blankNorFlash(), { isLost: () => reports++ % 7 === 6 });
    expect(value(lines, "rows")).toBe(String(ROWS_AN_HOUR));
    expect(Number(value(lines, "retries"))).toBeGreaterThan(50);
  });

  it("report a store that is not there, and one that falls silent, within seconds", () => {
    const absent = run(blankNorFlash(), { isAbsent: true });
    expect(value(absent.lines, "error")).toBe("there is no flash store");
    expect(absent.ms).toBeLessThan(8000);
    let reports = 0;
    const silent = run(blankNorFlash(), { isLost: () => reports++ > 200 });
    expect(value(silent.lines, "error")).toMatch(/does not answer|no flash store/);
  });

  it("hold all rows of each minute that was through when the power failed", () => {
    for (const cutAt of [7, 333]) {
      const state = blankNorFlash();
      const before = run(state, { cutAt });
      expect(before.cut).toBe(true);
      const minutes = before.lines.filter((line) => line.startsWith("minute ")).length;
      const after = run(state);
      const held = Number(value(after.lines, "held"));
      expect(held).toBeGreaterThanOrEqual(50 * minutes);
      expect(held).toBeLessThan(50 * (minutes + 1) + 1);
      expect(value(after.lines, "rows")).toBe(String(held + ROWS_AN_HOUR));
    }
  });
});

/** The same source in Node reads what the bytecode wrote. */
async function expectSameInNode(state: NorFlashState): Promise<void> {
  const flash = new ModelFlash(2 << 20);
  flash.image.set(state.bytes);
  const logs = new Logs(flash, noPause);
  await logs.mount();
  const rows: string[] = [];
  await logs.contacts.readHour(HOUR, async (part) => {
    rows.push(...split(part));
  });
  expect(rows).toHaveLength(ROWS_AN_HOUR);
  expect(rows[50 * 7 + 3]).toBe(Buffer.from(Array.from({ length: 12 }, (_, i) => 7 + 3 * 12 + i)).toString("hex"));
  expect((await logs.seeds.get(HOUR))?.[0]).toBe(0xaa);
}
