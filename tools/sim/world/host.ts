// The computer at the other end of the USB cable, on simulated time: for tests and scenarios that have no use for a real
// serial port. The command line talks through usb/ instead.

import type { Micros } from "../core/scheduler";
import type { SimDevice } from "../device/device";
import { decodeFrame, encodeFrame, FRAME_FLAG, type Packet, SERVICE_INDEX_CONTROL } from "../jacdac/frame";
import type { World } from "./world";

const REPORT_TIMEOUT_US = 2_000_000;
const GET_REGISTER = 0x1000;
const SET_REGISTER = 0x2000;
const EVENT = 0x8000;

/** Where a service is. */
export interface ServiceAddress {
  readonly deviceId: bigint;
  readonly serviceIndex: number;
}

/** No answer came, or no such service is there. */
export class HostTimeout extends Error {
  override readonly name = "HostTimeout";
}

/**
 * A host that speaks Jacdac with one device. Its calls let the world run until the answer is there.
 *
 *     const host = new VirtualHost(world, device);
 *     const uptime = host.getRegister(0x1c4fb003, 0x180);
 */
export class VirtualHost {
  /** Every packet that came from the device, in order, until taken. */
  readonly received: Packet[] = [];
  private readonly services = new Map<number, ServiceAddress>();

  /** @param onServices called whenever the device announced its services */
  constructor(
    private readonly world: World,
    private readonly device: SimDevice,
    private readonly onServices: () => void = () => undefined,
  ) {
    device.usb = { frame: (frame) => this.hear(frame), log: () => undefined, reset: () => this.services.clear() };
  }

  /** Pulls the cable. */
  unplug(): void {
    this.device.usb = undefined;
  }

  /** The address of a service, given by its class, if it was announced since the device last started. */
  address(serviceClass: number): ServiceAddress | undefined {
    return this.services.get(serviceClass);
  }

  /** Sends a command to a service, given by its class, and does not wait for anything. @throws HostTimeout if there is none */
  command(serviceClass: number, command: number, data: Uint8Array = new Uint8Array(0)): void {
    const { deviceId, serviceIndex } = this.find(serviceClass);
    this.device.usbReceive(encodeFrame({ deviceId, isCommand: true, serviceIndex, command, data }));
  }

  /** Sends a command and waits for the report with the same number. @returns the report's data. @throws HostTimeout */
  request(serviceClass: number, command: number, data?: Uint8Array, timeoutUs: Micros = REPORT_TIMEOUT_US): Uint8Array {
    this.received.length = 0;
    this.command(serviceClass, command, data);
    return this.awaitReport(serviceClass, command, timeoutUs);
  }

  /** Waits for the next report of a number. @throws HostTimeout */
  awaitReport(serviceClass: number, command: number, timeoutUs: Micros = REPORT_TIMEOUT_US): Uint8Array {
    const { deviceId, serviceIndex } = this.find(serviceClass);
    const wanted = (p: Packet): boolean =>
      p.deviceId === deviceId && p.serviceIndex === serviceIndex && p.command === command;
    if (!this.world.runUntil(() => this.received.some(wanted), timeoutUs))
      throw new HostTimeout(`no report 0x${command.toString(16)} within ${timeoutUs / 1e6} s`);
    const index = this.received.findIndex(wanted);
    return (this.received.splice(index, 1)[0] as Packet).data;
  }

  /** Waits for an event of a service. @returns its data. @throws HostTimeout */
  awaitEvent(serviceClass: number, code: number, timeoutUs: Micros = REPORT_TIMEOUT_US): Uint8Array {
    const { deviceId, serviceIndex } = this.find(serviceClass);
    const wanted = (p: Packet): boolean =>
      p.deviceId === deviceId && p.serviceIndex === serviceIndex && (p.command & 0x80ff) === (EVENT | code);
    if (!this.world.runUntil(() => this.received.some(wanted), timeoutUs))
      throw new HostTimeout(`no event 0x${code.toString(16)} within ${timeoutUs / 1e6} s`);
    return (this.received.find(wanted) as Packet).data;
  }

  getRegister(serviceClass: number, register: number): Uint8Array {
    return this.request(serviceClass, GET_REGISTER | register);
  }

  setRegister(serviceClass: number, register: number, value: Uint8Array): void {
    this.command(serviceClass, SET_REGISTER | register, value);
  }

  /** The device that offers a service, waited for: services are announced about every half second. */
  private find(serviceClass: number): ServiceAddress {
    if (!this.world.runUntil(() => this.services.has(serviceClass), REPORT_TIMEOUT_US))
      throw new HostTimeout(`no service 0x${serviceClass.toString(16)} within ${REPORT_TIMEOUT_US / 1e6} s`);
    return this.services.get(serviceClass) as ServiceAddress;
  }

  private hear(frame: Uint8Array): void {
    if ((frame[3] as number) & FRAME_FLAG.command) return;
    for (const packet of decodeFrame(frame)) {
      if (packet.serviceIndex === SERVICE_INDEX_CONTROL && packet.command === 0) this.learn(packet);
      else this.received.push(packet);
    }
  }

  private learn(announcement: Packet): void {
    const { data, deviceId } = announcement;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 4; at + 4 <= data.length; at += 4)
      this.services.set(view.getUint32(at, true), { deviceId, serviceIndex: at / 4 });
    this.onServices();
  }
}
