import * as ds from "@devicescript/core";
import { Server, startServer } from "@devicescript/server";
import { Command } from "./codes";
import { getU16 } from "./littleEndian";
import type { KeyfobService } from "./service";

/** Commands that may wait while one is carried out; more are dropped, and the host repeats what it gets no report for. */
const QUEUE_LENGTH = 16;
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

  /** Sends a report that no command is waiting for. */
  async sendReport(code: number, payload: Buffer): Promise<void> {
    // A raw packet by way of a report that begins with a u16 and goes on with bytes.
    const packet = ds.Keyfob.spec.lookup("counters").response.encode([getU16(payload, 0), payload.slice(2)] as any) as any;
    packet.serviceCommand = code;
    await this._send(packet);
  }

  /** Takes a command in. It must not wait. */
  accept(command: number, payload: Buffer): void {
    if (this.queue.length >= QUEUE_LENGTH) {
      this.overflows++;
      return;
    }
    this.queue.push({ command, payload });
    const worker = this.worker;
    if (worker && worker.suspended) worker.resume(undefined);
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


function takePackets(server: KeyfobServer): void {
  const hook = ds as unknown as PacketHook;
  const others = hook._onServerPacket;
  hook._onServerPacket = async (packet: ds.Packet) => {
    const command = packet.serviceCommand;
    if (packet.isReport) return;
    if (packet.serviceIndex !== server.serviceIndex) await others(packet);
    else if (command >= Command.Status && command <= 0xff) server.accept(command, packet.payload);
    else await answerRegister(others, packet);
  };
}

/** Registers that every service has (instance name, status code) are DeviceScript's; anything else it answers as unknown. */
async function answerRegister(others: (packet: ds.Packet) => Promise<void>, packet: ds.Packet): Promise<void> {
  try {
    await others(packet);
  } catch (_error) {
    // A register written with bytes that do not fit it.
  }
}
