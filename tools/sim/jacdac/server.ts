// The least Jacdac device that DeviceScript programs can use as peripheral: it announces its services, answers register
// reads and passes commands on. Small and free of timers of its own, because every simulated device has one.

import {
  crc16,
  decodeFrame,
  encodeFrame,
  FRAME_FLAG,
  type Packet,
  SERVICE_INDEX_ACK,
  SERVICE_INDEX_CONTROL,
} from "./frame";

const CMD_ANNOUNCE = 0x00;
const CMD_EVENT = 0x8000;
const CMD_NOT_IMPLEMENTED = 0x03;
const GET_REGISTER = 0x1000;
const SET_REGISTER = 0x2000;
const REGISTER_KIND_MASK = 0xf000;
const REGISTER_MASK = 0x0fff;
/** Announce flags: supports acknowledgements, broadcasts and several packets in a frame. */
const ANNOUNCE_FLAGS = 0x0100 | 0x0200 | 0x0400;
const RESTART_COUNTER_STEADY = 0xf;

/** How a service reaches its clients. */
export interface ServiceOutput {
  /** Sends a report of the service. */
  report(command: number, data: Uint8Array): void;
  /** Sends an event (code 0 to 0xff) of the service. */
  event(code: number, data: Uint8Array): void;
}

/** A service that a simulated device offers to its program. */
export interface Service {
  readonly serviceClass: number;
  /** Called once, before anything else. */
  attach(output: ServiceOutput): void;
  /** A register's value, or undefined if there is no such register. */
  read(register: number): Uint8Array | undefined;
  /** Sets a register. @returns whether there is such a register */
  write(register: number, value: Uint8Array): boolean;
  /** Carries out a command. @returns whether there is such a command */
  command(command: number, data: Uint8Array): boolean;
}

/** A Jacdac device with a few services. */
export class JacdacServer {
  private eventCounter = 0;
  private restartCounter = 0;
  private packetsSent = 0;

  /** @param send puts a frame of this device on the bus */
  constructor(
    readonly deviceId: bigint,
    private readonly services: readonly Service[],
    private readonly send: (frame: Uint8Array) => void,
  ) {
    services.forEach((service, i) => {
      service.attach({
        report: (command, data) => this.report(i + 1, command, data),
        event: (code, data) => {
          this.eventCounter = (this.eventCounter + 1) & 0x7f;
          this.report(i + 1, CMD_EVENT | (this.eventCounter << 8) | code, data);
        },
      });
    });
  }

  /** Tells the bus which services there are; due at least every two seconds, or clients drop the device. */
  announce(): void {
    if (this.restartCounter < RESTART_COUNTER_STEADY) this.restartCounter++;
    const data = new DataView(new ArrayBuffer(4 + 4 * this.services.length));
    data.setUint16(0, ANNOUNCE_FLAGS | this.restartCounter, true);
    data.setUint8(2, Math.min(0xff, this.packetsSent + 1));
    this.services.forEach((service, i) => {
      data.setUint32(4 + 4 * i, service.serviceClass, true);
    });
    this.packetsSent = 0;
    this.report(SERVICE_INDEX_CONTROL, CMD_ANNOUNCE, new Uint8Array(data.buffer));
  }

  /** Hears a frame of the bus. @returns whether it was for this device alone */
  receive(frame: Uint8Array): boolean {
    const packets = decodeFrame(frame);
    const [first] = packets;
    if (!first?.isCommand) return false;
    if (first.toServiceClass) {
      for (const packet of packets) this.toServiceClass(packet);
      return false;
    }
    if (first.deviceId !== this.deviceId) return false;
    if ((frame[3] as number) & FRAME_FLAG.ackRequested)
      this.report(SERVICE_INDEX_ACK, crc16(frame, 2), new Uint8Array(0));
    for (const packet of packets) this.dispatch(packet.serviceIndex, packet);
    return true;
  }

  private toServiceClass(packet: Packet): void {
    const serviceClass = Number(packet.deviceId & 0xffffffffn);
    this.services.forEach((service, i) => {
      if (service.serviceClass === serviceClass) this.dispatch(i + 1, packet);
    });
  }

  private dispatch(index: number, packet: Packet): void {
    if (index === SERVICE_INDEX_CONTROL) {
      if (packet.command === CMD_ANNOUNCE) this.announce();
      return;
    }
    const service = this.services[index - 1];
    if (!service) return;
    const { command, data } = packet;
    const register = command & REGISTER_MASK;
    let known: boolean;
    if ((command & REGISTER_KIND_MASK) === GET_REGISTER) {
      const value = service.read(register);
      known = value !== undefined;
      if (value) this.report(index, command, value);
    } else if ((command & REGISTER_KIND_MASK) === SET_REGISTER) known = service.write(register, data);
    else known = service.command(command, data);
    if (!known) {
      const body = new DataView(new ArrayBuffer(4));
      body.setUint16(0, command, true);
      this.report(index, CMD_NOT_IMPLEMENTED, new Uint8Array(body.buffer));
    }
  }

  private report(serviceIndex: number, command: number, data: Uint8Array): void {
    this.packetsSent++;
    this.send(encodeFrame({ deviceId: this.deviceId, isCommand: false, serviceIndex, command, data }));
  }
}
