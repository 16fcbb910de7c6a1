import { beforeAll, expect, it } from "vitest";
import { type Bytecode, buildBytecode } from "../../tools/build/bytecode";
import { blankNorFlash } from "../../tools/sim/device/norFlash";
import { busyHour, checkCut, fullFlash } from "./contactCuts";
import { checkAgainstModel } from "./contactModel";
import { runBesideFlash } from "./flashRig";
import { cutsOf, HOUR, RowMaker } from "./logRig";
import { checkSeedsAgainstModel } from "./seedModel";

let program: Bytecode;

beforeAll(async () => {
  program = await buildBytecode("flash-logs", "firmware/test/programs/flashLogs.ts");
}, 60_000);

it("keeps every row of an hour of 3,650 rows, wherever in each operation the power fails", async () => {
  const make = new RowMaker();
  const full = await fullFlash(make, 16, HOUR);
  const batches = busyHour(make, HOUR, 50);
  let operation = 1;
  for (let isOver = false; !isOver; operation++)
    for (const cut of cutsOf(operation, [0, 0.5, 1])) isOver = !(await checkCut(full, batches, cut)) || isOver;
  expect(operation).toBeGreaterThan(600);
}, 300_000);

it("keeps every row of some minutes, after whichever byte of each operation the power fails", async () => {
  const make = new RowMaker();
  const full = await fullFlash(make, 4, HOUR);
  const batches = busyHour(make, HOUR, 11).slice(20, 25);
  let operation = 1;
  for (let isOver = false; !isOver; operation++)
    for (let byte = 0; byte <= 224; byte++)
      isOver = !(await checkCut(full, batches, { operation, fraction: byte / 224 })) || isOver;
  expect(operation).toBeGreaterThan(12);
}, 300_000);

it("does with rows what a list of rows by hour would do, in thousands of random histories", async () => {
  await checkAgainstModel(3000, 5);
}, 300_000);

it("does with seeds what a list of seeds by hour would do, in thousands of random histories", async () => {
  await checkSeedsAgainstModel(2000, 5);
}, 300_000);

it("holds in the VM all rows of each minute that was through, wherever the power failed", () => {
  const { image, debugFile } = program;
  for (let cutAt = 4; cutAt < 620; cutAt += 47) {
    const state = blankNorFlash();
    const before = runBesideFlash({ image, debugFile, state, cutAt, limitMs: 300_000 }).lines;
    const after = runBesideFlash({ image, debugFile, state, limitMs: 300_000 }).lines;
    const minutes = before.filter((line) => line.startsWith("minute ")).length;
    const held = Number(after.find((line) => line.startsWith("held "))?.slice(5));
    expect(held).toBeGreaterThanOrEqual(50 * minutes);
    expect(held).toBeLessThanOrEqual(50 * (minutes + 1));
    expect(after).toContain(`rows ${held + 3000}`);
  }
}, 300_000);
