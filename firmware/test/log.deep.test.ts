import { beforeAll, expect, it } from "vitest";
import { type Bytecode, buildBytecode } from "../../tools/build/bytecode";
import { blankNorFlash } from "../../tools/sim/device/norFlash";
import { openLogs } from "../../tools/sim/oracle/encounters";
import { busyHour, checkCut, fullFlash } from "./contactCuts";
import { checkAgainstModel } from "./contactModel";
import { runBesideFlash } from "./flashRig";
import { cutsOf, HOUR, RowMaker, readHour, split } from "./logRig";
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
  await checkAgainstModel(2000, 5);
}, 300_000);

it("does with seeds what a list of seeds by hour would do, in a thousand random histories", async () => {
  await checkSeedsAgainstModel(1000, 5);
}, 300_000);

it("holds in the VM all rows of each minute that was through, and goes on, whichever operation of a busy hour the power fails in", async () => {
  const { image, debugFile } = program;
  /** Until its cut, a run is the same as the one that is not cut: so one shows what each cut leaves. */
  const cuts: { left: Buffer; minutes: number }[] = [];
  runBesideFlash({
    image,
    debugFile,
    state: blankNorFlash(),
    limitMs: 300_000,
    until: "minute 59",
    onOperation: ({ bytes }, lines) => {
      const used = bytes.findLastIndex((byte) => byte !== 0xff) + 1;
      const minutes = lines.filter((line) => line.startsWith("minute ")).length;
      cuts.push({ left: Buffer.from(bytes.subarray(0, used)), minutes });
    },
  });
  expect(cuts.length).toBeGreaterThan(600);
  const reallyCut = blankNorFlash();
  runBesideFlash({ image, debugFile, state: reallyCut, limitMs: 300_000, cutAt: 333 });
  const foreseen = cuts[332]?.left as Buffer;
  expect(Buffer.from(reallyCut.bytes.subarray(0, foreseen.length)).equals(foreseen)).toBe(true);
  for (const { left, minutes } of cuts) {
    const state = blankNorFlash();
    state.bytes.set(left);
    const { lines } = runBesideFlash({ image, debugFile, state, limitMs: 300_000, until: "minute 1" });
    const held = Number(lines.find((line) => line.startsWith("held "))?.slice(5));
    expect(held).toBeGreaterThanOrEqual(50 * minutes);
    expect(held).toBeLessThanOrEqual(50 * (minutes + 1));
    // The seed was stored before the first minute.
    if (minutes > 0) expect(lines).toContain(`seed aa${"00".repeat(31)}`);
    expect(await readHour((await openLogs(state)).contacts, HOUR)).toEqual([
      ...rowsOfMinutes(60).slice(0, held),
      ...rowsOfMinutes(2),
    ]);
  }
}, 600_000);

/** What the program writes in its first minutes. */
function rowsOfMinutes(minutes: number): string[] {
  return Array.from({ length: minutes }, (_, minute) =>
    split(Buffer.from(Array.from({ length: 600 }, (_, i) => minute + i))),
  ).flat();
}
