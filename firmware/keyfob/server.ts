import * as ds from "@devicescript/core";
import { Server, startServer } from "@devicescript/server";
import { Command } from "./codes";
import type { KeyfobService } from "./service";

/** Commands that may wait while one is carried out; more are dropped, and the host repeats what it gets no report for. */
const QUEUE_LENGTH = 8;
/** The worker looks by itself now and then, should a wake-up be lost. */
const IDLE_MS = 1000;

interface Waiting {
  readonly command: number;
  readonly payload: Buffer;
}

/** DeviceScript's hook for packets to services that the program offers; it has no public name. */
interface PacketHook {
  _onServerPacket(packet: ds.Packet): Promise<void>;
}

/**
 * Offers a KeyfobService on the Jacdac bus. Packets are taken as they are, because the decoding of DeviceScript's servers
 * trusts their length and runs every packet in a fiber of its own: here a bounded queue is worked off one by one.
 */
export class KeyfobServer extends Server {
  /** Packets dropped because the queue was full. */
  overflows: number;
  private service: KeyfobService | undefined;
  private readonly queue: Waiting[];
  private worker: ds.Fiber | undefined;

  constructor() {
    super(ds.Keyfob.spec);
    this.overflows = 0;
    this.queue = [];
  }

  /** Begins to answer. */
  start(service: KeyfobService): void {
    this.service = service;
    startServer(this);
    takePackets(this);
    this.worker = this.work.start();
  }

  /** Sends the report `code` with a payload of the length that services/keyfob.md says. */
  async sendReport(code: number, payload: Buffer): Promise<void> {
    await this._send(encodeReport(code, payload));
  }

  /** Takes a command in. It must not wait. */
  accept(command: number, payload: Buffer): void {
    if (this.queue.length >= QUEUE_LENGTH) {
      this.overflows++;
      return;
    }
    this.queue.push({ command, payload });
    const worker = this.worker;
    if (worker?.suspended) worker.resume(undefined);
  }

  private async work(): Promise<void> {
    const service = this.service as KeyfobService;
    while (true) {
      const next = this.queue.shift();
      if (!next) {
        await ds.suspend(IDLE_MS);
        continue;
      }
      const report = await service.handle(next.command, next.payload);
      if (report) await this.sendReport(next.command, report);
    }
  }
}

// Fields of each report in services/keyfob.md: DeviceScript makes a packet only from as many values. 128 more: bytes at the end.
// biome-ignore format: a table
const REPORT_FIELDS = Buffer.from([
  Command.Status, 14,
  Command.Counters, 1 + 128,
  Command.ClockSet, 5,
  Command.ConfigGet, 6,
  Command.ConfigSet, 6,
  Command.Snooze, 3,
  Command.RegionKeyAdd, 3,
  Command.RegionKeyRemove, 3,
  Command.RegionKeyGet, 5 + 128,
  Command.ConsentAsk, 4,
  Command.ExportBegin, 5,
  Command.ExportBlock, 2 + 128,
  Command.ExportEnd, 2,
  Command.ImportBegin, 3,
  Command.ImportProgress, 3,
  Command.ImportVerify, 3,
  Command.ResultsBegin, 5,
  Command.ResultsBlock, 2 + 128,
  Command.ResultsEnd, 2,
  Command.Erase, 3,
]);
const HAS_BYTES = 128;

/** A packet of the right report, with values of nothing, whose payload is then overwritten. */
function encodeReport(code: number, payload: Buffer): ds.Packet {
  let fields = 0;
  for (let i = 0; i < REPORT_FIELDS.length; i += 2) if (REPORT_FIELDS[i] === code) fields = REPORT_FIELDS[i + 1];
  const specs = ds.Keyfob.spec;
  const report = code === Command.ImportProgress ? specs.lookup("importProgress") : specs.byCode(code).response;
  const values: (number | Buffer)[] = [];
  for (let i = 0; i < fields % HAS_BYTES; i++) values.push(0);
  let packet = report.encode(values);
  if (fields >= HAS_BYTES) {
    values.push(Buffer.alloc(payload.length - packet.payload.length));
    packet = report.encode(values);
  }
  packet.payload.set(payload, 0);
  return packet;
}

/** The last code that a command may have; above are registers. */
const MAX_COMMAND = 0xff;
/** Packets that DeviceScript's own servers answer at a time. Each waits for its turn to send, in a fiber with its memory. */
const MAX_OTHERS = 2;

function takePackets(server: KeyfobServer): void {
  const hook = ds as unknown as PacketHook;
  const others = hook._onServerPacket;
  let busy = 0;
  hook._onServerPacket = async (packet: ds.Packet) => {
    const command = packet.serviceCommand;
    if (packet.isReport) return;
    if (packet.serviceIndex === server.serviceIndex && command >= Command.Status && command <= MAX_COMMAND) {
      server.accept(command, packet.payload);
      return;
    }
    if (busy >= MAX_OTHERS) return;
    busy++;
    try {
      await others(packet);
    } catch (_error) {
      // For instance a register written with bytes that do not fit it.
    }
    busy--;
  };
}
