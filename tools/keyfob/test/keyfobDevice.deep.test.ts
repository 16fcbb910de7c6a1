// The keyfob's service over real serial ports and TCP, against the real bytecode.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { hasTool } from "../../../test/tools";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import { makeKey, makeShard, randomSeeds, type TestKey } from "../../cli/test/shardFixture";
import { BoardConnection } from "../board";
import { Keyfob } from "../keyfob";
import { importShard } from "../shardImport";
import { type Desk, type DeskOptions, openDesk } from "./simDesk";

let wearable: Bytecode;
let echo: Bytecode;
let key: TestKey;
let small: Buffer;
let large: Buffer;
const now = () => Date.now();
const thisHour = hourOfSeconds(Date.now() / 1000);

beforeAll(async () => {
  wearable = await buildBytecode("wearable", "firmware/main.ts");
  echo = await buildBytecode("sim-echo", "tools/sim/test/programs/echo.ts");
  key = makeKey();
  small = makeShard(key, "US-MA", 1, randomSeeds(thisHour - 30, 20, 600));
  large = makeShard(key, "US-MA", 2, randomSeeds(thisHour - 30, 20, 4000));
}, 120_000);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function connect(desk: Desk): Promise<Keyfob> {
  const board = await BoardConnection.open(desk.port.address);
  open.push(board);
  return Keyfob.on(board, 20_000);
}

/** A keyfob that knows the time and the region's key. */
async function ready(options: DeskOptions = {}): Promise<{ desk: Desk; keyfob: Keyfob }> {
  const desk = await openDesk({ image: wearable.image, consenting: true, ...options });
  open.push(desk);
  const keyfob = await connect(desk);
  // Before it knows the time a keyfob takes keys without a press.
  await keyfob.addRegionKey("US-MA", key.publicKey);
  await keyfob.setClock(now);
  return { desk, keyfob };
}

const socat = hasTool("socat");
const onPty = it.skipIf(!socat);

describe("a keyfob", () => {
  onPty("answers everything over a pseudo terminal", async () => {
    const { desk, keyfob } = await ready({ pty: true });
    expect(await keyfob.status()).toMatchObject({ role: "wearable", state: { clockSet: true, storageReady: true } });
    expect((await keyfob.counters()).shardsVerified).toBe(0);
    await expect(keyfob.configSet("snoozeMinutes", 90)).rejects.toMatchObject({ status: "NoConsent" });
    const consent = await keyfob.askConsent("settings");
    expect(await keyfob.configSet("snoozeMinutes", 90)).toMatchObject({ value: 90 });
    expect(await keyfob.configGet("snoozeMinutes")).toEqual({ value: 90, min: 1, max: 1440 });
    await expect(keyfob.configSet("snoozeMinutes", 5000)).rejects.toMatchObject({ status: "OutOfRange" });
    await expect(keyfob.configGet("quiet")).rejects.toMatchObject({ status: "NoSuchKey" });
    expect(await keyfob.snooze(60)).toBeGreaterThan(Date.now() / 1000 + 3500);
    expect((await keyfob.status()).state.snoozed).toBe(true);
    expect(await keyfob.snooze(0)).toBe(0);
    const other = makeKey();
    expect(await keyfob.addRegionKey("GB-ENG", other.publicKey)).toBe(2);
    expect((await keyfob.regionKeys()).map(({ region, lastChunk }) => [region, lastChunk])).toEqual([
      ["US-MA", undefined],
      ["GB-ENG", undefined],
    ]);
    const keyId = createHash("sha256").update(other.publicKey).digest().subarray(0, 8);
    expect(await keyfob.removeRegionKey("GB-ENG", keyId)).toBe(1);
    await keyfob.endConsent(consent);
    await expect(keyfob.snooze(60)).rejects.toMatchObject({ status: "NoConsent" });
    const again = await keyfob.setClock(now);
    expect(again.previous).toBe("set");
    expect(Math.abs(again.driftMs)).toBeLessThan(10_000); // a busy machine keeps simulated time late
    expect(desk.panics).toEqual([]);
  });

  it("exports the full grid after the button, with fresh seeds where hours were left out, the same when asked again", async () => {
    const { keyfob, desk } = await ready();
    const window = { firstHour: thisHour - 99, hours: 100 };
    const exportOnce = async (redacted: { from: number; to: number }[]) => {
      await keyfob.askConsent("export");
      return (await keyfob.exportSeeds({ ...window, redacted })).map((seed) => seed.toString("hex"));
    };
    const whole = await exportOnce([]);
    expect(new Set(whole).size).toBe(100);
    const redacted = await exportOnce([{ from: thisHour - 10, to: thisHour - 5 }]);
    for (const [i, seed] of redacted.entries()) {
      const hour = window.firstHour + i;
      const isLeftOut = hour >= thisHour - 10 && hour < thisHour - 5;
      // The present hour got a new seed when the first export ended.
      if (hour !== thisHour) expect([hour, seed === whole[i]]).toEqual([hour, !isLeftOut]);
    }
    expect(desk.panics).toEqual([]);
  });

  it("gives nothing without consent, and refuses what cannot be", async () => {
    const { keyfob } = await ready({ consenting: false });
    const window = { firstHour: thisHour - 9, hours: 10, redacted: [] };
    await expect(keyfob.exportSeeds(window)).rejects.toMatchObject({ status: "NoConsent" });
    await expect(keyfob.results()).rejects.toMatchObject({ status: "NoConsent" });
    const stranger = makeShard(makeKey(), "US-MA", 9, randomSeeds(thisHour - 30, 2, 24));
    await expect(importShard(keyfob, stranger)).rejects.toMatchObject({ status: "UnknownRegionKey" });
  });

  it("takes a long press for a refusal", async () => {
    const { keyfob, desk } = await ready({ consenting: false });
    const answer = keyfob.askConsent("export");
    setTimeout(() => desk.device.button.press(2000), 1500);
    await expect(answer).rejects.toMatchObject({ status: "Refused" });
  });

  it("is empty after an erase that the wearer agreed to, and can be put to use again at once", async () => {
    const { keyfob, desk } = await ready();
    await keyfob.erase();
    expect(desk.resets()).toBe(1);
    expect(await keyfob.status()).toMatchObject({ lastSync: 0, state: { clockSet: false, chirping: false } });
    const after = await connectAgain(desk, keyfob);
    expect((await after.status()).state.clockSet).toBe(false);
    expect(await after.regionKeys()).toEqual([]);
  });
});

/** After a restart the line is the same one; a keyfob announces itself anew. */
async function connectAgain(desk: Desk, before: Keyfob): Promise<Keyfob> {
  await before.board.close();
  return connect(desk);
}

describe("an import", () => {
  onPty("brings shards over a pseudo terminal, once, and the keyfob checks them", async () => {
    const { keyfob, desk } = await ready({ pty: true });
    let shown = 0;
    expect(await importShard(keyfob, small, { transferred: (bytes) => (shown = bytes) })).toBe("verified");
    expect(shown).toBe(small.length);
    expect(await importShard(keyfob, large)).toBe("verified");
    expect(desk.panics).toEqual([]);
    await expect.poll(async () => (await keyfob.regionKeys())[0]?.lastChunk, { timeout: 30_000 }).toBe(2);
    expect(await importShard(keyfob, small)).toBe("already");
  });

  it("is refused by the keyfob when a bit of the signature or of a seed is wrong, and leaves it ready", async () => {
    const { keyfob } = await ready();
    const forged = Buffer.from(small);
    forged[forged.length - 100] = Number(forged[forged.length - 100]) ^ 1;
    await expect(importShard(keyfob, forged)).rejects.toMatchObject({ status: "BadSignature" });
    const changed = Buffer.from(small);
    changed[64 + 200 + 39] = Number(changed[64 + 200 + 39]) ^ 1;
    await expect(importShard(keyfob, changed)).rejects.toMatchObject({ status: /BadSignature|BadBlock/ });
    expect(await importShard(keyfob, small)).toBe("verified");
  });

  it("gets through a line that loses a byte in two thousand, both ways", async () => {
    const { keyfob, desk } = await ready({ faults: { lossRate: 0.0005 } });
    expect(await importShard(keyfob, large)).toBe("verified");
    expect(keyfob.board.damagedFrames).toBeGreaterThan(0);
    expect(desk.panics).toEqual([]);
  });

  it("gets through bursts of garbage", async () => {
    const { keyfob, desk } = await ready({ faults: { garbageRate: 0.0003 } });
    expect(await importShard(keyfob, small)).toBe("verified");
    expect(desk.panics).toEqual([]);
  });

  it("goes on after the cable was pulled, wherever that was, without beginning anew", async () => {
    const { keyfob: first, desk } = await ready();
    let keyfob = first;
    let shard = 2;
    for (const share of [0.01, 0.3, 0.7, 0.9, 0.999]) {
      const file = makeShard(key, "US-MA", ++shard, randomSeeds(thisHour - 30, 4, 600));
      let resumedAt = 0;
      const failure = importShard(keyfob, file, {
        transferred: (bytes, of) => {
          if (bytes >= share * of) desk.port.unplug();
        },
      });
      await expect(failure, `at ${share}`).rejects.toMatchObject({ kind: "lost" });
      keyfob = await connect(desk);
      const outcome = await importShard(keyfob, file, {
        transferred: (bytes) => {
          resumedAt ||= bytes;
        },
      });
      expect(outcome).toBe("verified");
      expect(resumedAt).toBeGreaterThan(share * file.length - 20_000);
      await expect.poll(async () => (await keyfob.regionKeys())[0]?.lastChunk, { timeout: 30_000 }).toBe(shard);
    }
    expect(desk.panics).toEqual([]);
  });

  it("begins anew by itself when the keyfob restarts in the middle", async () => {
    const { keyfob, desk } = await ready();
    let isRestarted = false;
    const outcome = await importShard(keyfob, large, {
      transferred: (bytes, of) => {
        if (bytes < of / 2 || isRestarted) return;
        isRestarted = true;
        desk.device.powerOff();
        desk.device.powerOn();
      },
    });
    expect([outcome, desk.resets(), desk.panics]).toEqual(["verified", 1, []]);
    // It went on with the time of its last checkpoint, and says so.
    expect((await keyfob.status()).state).toMatchObject({ clockSet: true, clockApproximate: true });
  });
});

describe("a port", () => {
  onPty("is one command's at a time", async () => {
    const desk = await openDesk({ image: echo.image, pty: true });
    open.push(desk);
    const board = await BoardConnection.open(desk.port.address);
    open.push(board);
    await expect(BoardConnection.open(desk.port.address)).rejects.toMatchObject({ kind: "inUse" });
    await board.readRegister({ deviceId: "0".repeat(16), serviceIndex: 0 }, 0x180);
  });

  it("over TCP is one command's at a time too", async () => {
    const desk = await openDesk({ image: echo.image });
    open.push(desk);
    open.push(await BoardConnection.open(desk.port.address));
    await expect(BoardConnection.open(desk.port.address)).rejects.toMatchObject({ kind: "inUse" });
  });

  it("with a board on it that is no keyfob is recognised", async () => {
    const desk = await openDesk({ image: echo.image });
    open.push(desk);
    const board = await BoardConnection.open(desk.port.address);
    open.push(board);
    await expect(Keyfob.on(board, 1500)).rejects.toMatchObject({ kind: "notKeyfob" });
  });

  onPty("with something else on it that talks all the time is recognised", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chirpfob-garbage-"));
    const server = createServer((socket) => {
      const timer = setInterval(() => socket.write(createHash("sha256").update(String(Math.random())).digest()), 5);
      socket.on("close", () => clearInterval(timer));
      socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const path = join(folder, "tty");
    const child = spawn("socat", [`PTY,link=${path},rawer`, `TCP:127.0.0.1:${port}`]);
    try {
      await expect
        .poll(() => BoardConnection.open(path, { handshakeMs: 500 }).catch((error) => error.kind), { timeout: 10_000 })
        .toBe("notJacdac");
    } finally {
      child.kill();
      await new Promise((resolve) => server.close(resolve));
      writeFileSync(join(folder, "done"), "");
    }
  });
});
