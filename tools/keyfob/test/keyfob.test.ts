import { afterEach, describe, expect, it } from "vitest";
import { Command, Status } from "../../../protocol/keyfob/codes";
import { BoardConnection } from "../board";
import { DeviceError } from "../deviceError";
import { Keyfob } from "../keyfob";
import { KeyfobError } from "../keyfobError";
import type { StatusName } from "../packetCodec";
import { type Answerer, FakeKeyfob } from "./fakeKeyfob";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function connect(answer: Answerer): Promise<{ fake: FakeKeyfob; keyfob: Keyfob; board: BoardConnection }> {
  const fake = await FakeKeyfob.start(answer);
  open.push(fake);
  const board = await BoardConnection.open(fake.address);
  open.push(board);
  return { fake, board, keyfob: await Keyfob.on(board) };
}

const status = (name: StatusName) => Status[name];

/** The report to `snooze`: until, request, status. */
function snoozed(payload: Buffer, name: StatusName = "Ok"): [number, Buffer] {
  const report = Buffer.alloc(7);
  report.writeUInt32LE(1_700_000_000, 0);
  payload.copy(report, 4, 0, 2);
  report[6] = status(name);
  return [Command.Snooze, report];
}

describe("a command", () => {
  it("is repeated with the same request number until its report comes", async () => {
    const { fake, keyfob } = await connect((_, payload, { received }) =>
      received.length < 3 ? [] : [snoozed(payload)],
    );
    expect(await keyfob.snooze(60)).toBe(1_700_000_000);
    expect(fake.received).toHaveLength(3);
    expect(new Set(fake.received.map(({ payload }) => payload.toString("hex"))).size).toBe(1);
  });

  it("gets a new request number each, never 0", async () => {
    const { fake, keyfob } = await connect((_, payload) => [snoozed(payload)]);
    for (let i = 0; i < 3; i++) await keyfob.snooze(1);
    const requests = fake.received.map(({ payload }) => payload.readUInt16LE(0));
    expect(new Set(requests).size).toBe(3);
    expect(requests).not.toContain(0);
  });

  it("ignores reports to other requests, other commands, and those that are too short", async () => {
    const { keyfob } = await connect((_, payload) => [
      snoozed(Buffer.from([(Number(payload[0]) + 1) & 0xff, Number(payload[1])]), "Refused"),
      [Command.ConfigGet, Buffer.alloc(16)],
      [Command.Snooze, payload.subarray(0, 1)],
      snoozed(payload),
      snoozed(payload, "Full"),
    ]);
    expect(await keyfob.snooze(60)).toBe(1_700_000_000);
  });

  it("fails with the keyfob's status and what to do about it", async () => {
    const { keyfob } = await connect((_, payload) => [snoozed(payload, "ClockNotSet")]);
    const failure = keyfob.snooze(60);
    await expect(failure).rejects.toBeInstanceOf(KeyfobError);
    await expect(failure).rejects.toThrow(/chirpfob clock sync/);
  });

  it("takes an unknown status for a refusal, not for success", async () => {
    const { keyfob } = await connect((_, payload) => {
      const [code, report] = snoozed(payload);
      report[6] = 200;
      return [[code, report]];
    });
    await expect(keyfob.snooze(60)).rejects.toBeInstanceOf(KeyfobError);
  });

  it("fails at once when the cable is pulled", async () => {
    const { fake, keyfob } = await connect(() => []);
    const failure = keyfob.snooze(60);
    setTimeout(() => fake.unplug(), 100);
    const started = Date.now();
    await expect(failure).rejects.toMatchObject({ kind: "lost" });
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it("gives up after some seconds when the keyfob stays silent", async () => {
    const { fake, keyfob } = await connect(() => []);
    await expect(keyfob.snooze(60)).rejects.toMatchObject({ kind: "noAnswer" });
    expect(fake.received.length).toBeGreaterThanOrEqual(5);
  });
});

describe("an export", () => {
  const block = (payload: Buffer, seeds: number): [number, Buffer] => [
    Command.ExportBlock,
    Buffer.concat([payload.subarray(0, 4), Buffer.alloc(32 * seeds, Number(payload[2]) + 1)]),
  ];
  const opened = (payload: Buffer, name: StatusName): [number, Buffer] => [
    Command.ExportBegin,
    Buffer.from([...payload.subarray(4, 6), status(name), 0, ...payload.subarray(6, 8), 2, 0]),
  ];

  it("sends window and redaction as specified, waits while the keyfob is busy, and ends", async () => {
    let begun = 0;
    const { fake, keyfob } = await connect((command, payload) => {
      if (command === Command.ExportBegin) return [opened(payload, ++begun === 1 ? "Busy" : "Ok")];
      if (command === Command.ExportBlock) return [block(payload, payload[2] === 0 ? 7 : 3)];
      return [[command, Buffer.from([...payload.subarray(0, 2), 0])]];
    });
    const seeds = await keyfob.exportSeeds({
      firstHour: 480_000,
      hours: 10,
      redacted: [{ from: 480_001, to: 480_003 }],
    });
    expect(seeds).toHaveLength(10);
    expect([seeds[6]?.[0], seeds[7]?.[0]]).toEqual([1, 2]);
    const begin = fake.received.find(({ command }) => command === Command.ExportBegin)?.payload as Buffer;
    expect(begin.toString("hex").replace(/^(.{8})..../, "$1")).toBe("00530700" + "0a00" + "01530700" + "03530700");
    expect(fake.count(Command.ExportEnd)).toBe(1);
  });

  it("ends also when a block comes back empty, and says that the consent is gone", async () => {
    const { fake, keyfob } = await connect((command, payload) => {
      if (command === Command.ExportBegin) return [opened(payload, "Ok")];
      if (command === Command.ExportBlock) return [block(payload, 0)];
      return [[command, Buffer.from([...payload.subarray(0, 2), 0])]];
    });
    await expect(keyfob.exportSeeds({ firstHour: 1, hours: 10, redacted: [] })).rejects.toMatchObject({
      status: "NoConsent",
    });
    expect(fake.count(Command.ExportEnd)).toBe(1);
  });

  it("ends when it is interrupted", async () => {
    const controller = new AbortController();
    const { fake, keyfob } = await connect((command, payload) => {
      if (command === Command.ExportBegin) return [opened(payload, "Ok")];
      if (command === Command.ExportBlock) {
        controller.abort(new Error("Ctrl-C"));
        return [block(payload, 7)];
      }
      return [[command, Buffer.from([...payload.subarray(0, 2), 0])]];
    });
    const failure = keyfob.exportSeeds({ firstHour: 1, hours: 10, redacted: [] }, undefined, controller.signal);
    await expect(failure).rejects.toThrow("Ctrl-C");
    expect(fake.count(Command.ExportEnd)).toBe(1);
  });
});

describe("a consent", () => {
  it("is asked for with one request number until the wearer answers", async () => {
    const answers = ["Busy", "WaitingForButton", "Ok"] as const;
    const { fake, keyfob } = await connect((command, payload, { received }) => [
      [command, Buffer.from([...payload.subarray(0, 2), status(answers[received.length - 1] ?? "Ok"), 1, 29])],
    ]);
    const seen: unknown[] = [];
    await keyfob.askConsent("export", { onBusy: () => seen.push("busy"), onWaiting: (seconds) => seen.push(seconds) });
    expect(seen).toEqual(["busy", 29]);
    expect(new Set(fake.received.map(({ payload }) => payload.toString("hex"))).size).toBe(1);
  });

  it.each(["Refused", "Expired"] as const)("that ends as %s is an error", async (name) => {
    const { keyfob } = await connect((command, payload) => [
      [command, Buffer.from([...payload.subarray(0, 2), status(name), 2, 0])],
    ]);
    await expect(keyfob.askConsent("results")).rejects.toMatchObject({ status: name });
  });
});

describe("a port", () => {
  it("that does not exist is told from one that is silent and one that talks nonsense", async () => {
    await expect(BoardConnection.open("tcp://127.0.0.1:9")).rejects.toMatchObject({ kind: "notFound" });
    await expect(BoardConnection.open("/dev/no-such-port")).rejects.toMatchObject({ kind: "notFound" });
    await expect(BoardConnection.open("http://x")).rejects.toMatchObject({ kind: "address" });
    const { createServer } = await import("node:net");
    for (const [kind, greeting] of [
      ["silent", ""],
      ["notJacdac", "login: "],
    ] as const) {
      const server = createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.resume();
        if (greeting) socket.write(greeting);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      const failure = await BoardConnection.open(`tcp://127.0.0.1:${port}`, { handshakeMs: 300 }).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(DeviceError);
      expect((failure as DeviceError).kind).toBe(kind);
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
