import * as ds from "@devicescript/core";
import { Command } from "../../protocol/keyfob/codes";
import { type Agenda, type Job, NEVER } from "../base/agenda";
import type { Clock } from "../state/clock";
import { HAS_BYTES, valuesOf } from "./layouts";
import type { KeyfobService } from "./service";

/** Commands that may wait while one is carried out; more are dropped, and the host repeats what it gets no report for. */
const QUEUE_LENGTH = 8;

interface Waiting {
  readonly command: number;
  readonly payload: Buffer;
}

/** Index of the keyfob service on its device; 0 is the control service. */
const SERVICE_INDEX = 1;
/** In an announcement: the device acknowledges (DeviceScript's runtime does so), and how often it counted up to steady. */
const SUPPORTS_ACK = 0x100;
const RESTARTS_STEADY = 15;

/** DeviceScript's hooks for the services that a program offers; they have no public name. */
interface PacketHook {
  _onServerPacket(packet: ds.Packet): Promise<void>;
  _serverSend(serviceIndex: number, packet: ds.Packet): Promise<void>;
}

/**
 * Offers a KeyfobService on the Jacdac bus, and nothing else. Not on DeviceScript's own servers: their decoding trusts a
 * packet's length and runs each in a fiber of its own, where here a bounded queue is worked off one by one; and they cost
 * 3.5 KB of the 64 KB of code, without which the program does not fit the boards.
 */
export class KeyfobServer {
  /** Packets dropped because the queue was full. */
  overflows: number;
  private readonly agenda: Agenda;
  private readonly service: KeyfobService;
  private readonly worker: Job;
  private queue: Waiting[];

  /** Begins to answer. */
  constructor(agenda: Agenda, clock: Clock, service: KeyfobService) {
    const self = this;
    this.agenda = agenda;
    this.service = service;
    this.overflows = 0;
    this.queue = [];
    this.worker = agenda.add(async () => await self.work());
    takePackets(this);
    announce(agenda, clock);
  }

  /** Sends the report `code` with a payload of the length that services/keyfob.md says. */
  async sendReport(code: number, payload: Buffer): Promise<void> {
    await (ds as unknown as PacketHook)._serverSend(SERVICE_INDEX, encodeReport(code, payload));
  }

  /** Takes a command in. It must not wait. */
  accept(command: number, payload: Buffer): void {
    if (this.queue.length >= QUEUE_LENGTH) {
      this.overflows++;
      return;
    }
    this.queue.push({ command, payload });
    this.agenda.wake(this.worker);
  }

  private async work(): Promise<number> {
    while (this.queue.length > 0) {
      const next = this.queue[0];
      this.queue = this.queue.slice(1);
      const report = await this.service.handle(next.command, next.payload);
      if (report) await this.sendReport(next.command, report);
    }
    return NEVER;
  }
}

/**
 * A packet of the right report. DeviceScript makes one only from as many values as it has fields, so of values of nothing,
 * whose payload is then overwritten.
 */
function encodeReport(code: number, payload: Buffer): ds.Packet {
  const fields = valuesOf(code);
  const specs = ds.Keyfob.spec;
  const report = (
    code === Command.ImportProgress ? specs.lookup("importProgress") : specs.byCode(code).response
  ) as ds.PacketSpec;
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

/** Tells the bus what is here, as the control service of the Jacdac specification does. */
function announce(agenda: Agenda, clock: Clock): void {
  const report = ds.Control.spec.lookup("announce").response as ds.PacketSpec;
  let restarts = 1;
  agenda.add(async () => {
    if (restarts < RESTARTS_STEADY) restarts++;
    const packet = report.encode([restarts | SUPPORTS_ACK, 0, 0, ds.Keyfob.spec.classIdentifier]);
    await (ds as unknown as PacketHook)._serverSend(0, packet);
    return clock.nextSecond();
  });
}

function takePackets(server: KeyfobServer): void {
  const hook = ds as unknown as PacketHook;
  hook._onServerPacket = async (packet: ds.Packet) => {
    const command = packet.serviceCommand;
    if (packet.isReport) return;
    if (packet.serviceIndex === SERVICE_INDEX && command >= Command.Status && command <= MAX_COMMAND)
      server.accept(command, packet.payload);
  };
}
