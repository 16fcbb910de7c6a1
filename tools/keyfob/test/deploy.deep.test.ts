import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { sha256 } from "../../base/sha256";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import { BoardConnection } from "../board";
import { awaitProgram, deploy, findManager, programDigest } from "../deploy";
import { type Desk, openDesk } from "./simDesk";

let echo: Bytecode;
let lifecycle: Bytecode;
beforeAll(async () => {
  echo = await buildBytecode("sim-echo", "tools/sim/test/programs/echo.ts");
  lifecycle = await buildBytecode("sim-lifecycle", "tools/sim/test/programs/lifecycle.ts");
}, 60_000);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function connect(desk: Desk): Promise<BoardConnection> {
  open.push(desk);
  const board = await BoardConnection.open(desk.port.address);
  open.push(board);
  return board;
}

const socat = hasTool("socat");

describe.each([
  ["a pseudo terminal", true],
  ["TCP", false],
] as const)("deploying over %s", (_name, pty) => {
  const check = pty ? it.skipIf(!socat) : it;

  check("puts the program on an empty board, which runs it after a restart", async () => {
    const desk = await openDesk({ pty });
    const board = await connect(desk);
    expect(await programDigest(board, await findManager(board))).toBeUndefined();
    let shown = 0;
    await deploy(board, echo.image, (bytes) => {
      shown = bytes;
    });
    expect(shown).toBe(echo.image.length);
    expect((await awaitProgram(board, echo.image)).equals(sha256(echo.image))).toBe(true);
    expect(desk.resets()).toBe(1);
    expect(desk.log.join("\n")).toContain("> echo start");
  });

  check("replaces a running program", async () => {
    const desk = await openDesk({ pty, image: echo.image });
    const board = await connect(desk);
    await deploy(board, lifecycle.image);
    await awaitProgram(board, lifecycle.image);
    expect(desk.log.join("\n")).toContain("> boot 1");
  });

  check("gets through a line that loses a byte in a thousand", async () => {
    const desk = await openDesk({ pty, faults: { lossRate: 0.001 } });
    const board = await connect(desk);
    await deploy(board, lifecycle.image);
    await awaitProgram(board, lifecycle.image);
  });
});

describe("a deployment that is cut off", () => {
  it("says so at once, and the next one succeeds", async () => {
    const desk = await openDesk({ image: echo.image });
    const board = await connect(desk);
    const failure = deploy(board, lifecycle.image, (bytes) => {
      if (bytes > 1000) desk.port.unplug();
    });
    await expect(failure).rejects.toMatchObject({ kind: "lost" });
    const again = await BoardConnection.open(desk.port.address);
    open.push(again);
    await deploy(again, lifecycle.image);
    await awaitProgram(again, lifecycle.image);
    expect(desk.panics).toEqual([]);
  });
});
