// The device's end of the USB cable: what jd_usb.c of the DeviceScript runtime does, written from that source and on its own, so
// that it can test the host's end (tools/keyfob/usbFraming.ts).

import type { Micros, Scheduler } from "../core/scheduler";
import type { SimDevice, UsbPeer } from "../device/device";
import { crc16, FRAME_FLAG, FRAME_HEADER_BYTES, FRAME_PAYLOAD_BYTES } from "../jacdac/frame";

const MAGIC = 0xfe;
const CODE = { literal: 0xf8, reserved: 0xf9, serialGap: 0xfa, frameGap: 0xfb, start: 0xfc, end: 0xfd } as const;
const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + FRAME_PAYLOAD_BYTES;
const MIN_FRAME_BYTES = 16;
const BRIDGE_CLASS = 0x18f61a4a;
const BRIDGE_SERVICE_INDEX = 0x3d;
/** Commands to the bridge itself; the lowest bit says on or off. */
const BRIDGE_COMMAND = { packetsOff: 0x80, packetsOn: 0x81, logOff: 0x82, logOn: 0x83 } as const;
const BRIDGE_UNKNOWN = 0xff;
const BITS_PER_BYTE_ON_LINE = 10;
/** A full-speed USB bulk packet. */
const USB_PACKET_BYTES = 64;

export interface BridgeOptions {
  readonly scheduler: Scheduler;
  /** Takes the bytes that the device sends. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Bits a second in each direction, 8N1; default 1,500,000, what boards behind a UART bridge use. */
  readonly baud?: number;
}

/** A plugged-in cable: bytes in both directions at the line's rate. */
export class UsbBridge implements UsbPeer {
  private readonly byteUs: number;
  private toDeviceFreeUs: Micros = 0;
  private toHostFreeUs: Micros = 0;
  private forwardsPackets = false;
  private forwardsLog = false;
  private isPlugged = true;
  private readonly decoder = new BoardDecoder((frame) => this.frameFromHost(frame));

  /** Plugs the cable in. */
  constructor(
    private readonly device: SimDevice,
    private readonly options: BridgeOptions,
  ) {
    this.byteUs = (BITS_PER_BYTE_ON_LINE * 1e6) / (options.baud ?? 1_500_000);
    device.usb = this;
  }

  /** Pulls the cable; what was on the line is lost. */
  unplug(): void {
    this.isPlugged = false;
    if (this.device.usb === this) this.device.usb = undefined;
  }

  /** Bytes from the host; they reach the device as the line carries them, however many were handed over at once. */
  receive(bytes: Uint8Array): void {
    const { scheduler } = this.options;
    for (let at = 0; at < bytes.length; at += USB_PACKET_BYTES) {
      const packet = Uint8Array.from(bytes.subarray(at, at + USB_PACKET_BYTES));
      this.toDeviceFreeUs = Math.max(this.toDeviceFreeUs, scheduler.nowUs) + packet.length * this.byteUs;
      scheduler.at(this.toDeviceFreeUs, () => {
        if (this.isPlugged) this.decoder.push(packet);
      });
    }
  }

  frame(frame: Uint8Array): void {
    if (this.forwardsPackets) this.send(wrap(frame));
  }

  log(line: string): void {
    if (this.forwardsLog) this.send(Buffer.from(`${line}\n`).map((byte) => (byte === MAGIC ? 0x3f : byte)));
  }

  reset(): void {
    this.forwardsPackets = false;
    this.forwardsLog = false;
  }

  private frameFromHost(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const toClass = FRAME_FLAG.command | FRAME_FLAG.serviceClass;
    const isForBridge = ((frame[3] as number) & toClass) === toClass && view.getUint32(4, true) === BRIDGE_CLASS;
    if (!isForBridge) this.device.usbReceive(frame);
    else this.bridgeCommand(view.getUint16(14, true));
  }

  private bridgeCommand(command: number): void {
    const isOn = (command & 1) === 1;
    const isKnown = command >= BRIDGE_COMMAND.packetsOff && command <= BRIDGE_COMMAND.logOn;
    if (isKnown && command <= BRIDGE_COMMAND.packetsOn) this.forwardsPackets = isOn;
    else if (isKnown) this.forwardsLog = isOn;
    const echo = new Uint8Array(MIN_FRAME_BYTES);
    const view = new DataView(echo.buffer);
    echo[2] = MIN_FRAME_BYTES - FRAME_HEADER_BYTES;
    echo[3] = FRAME_FLAG.command | FRAME_FLAG.serviceClass;
    view.setUint32(4, BRIDGE_CLASS, true);
    view.setUint32(8, 0xaaaaaaaa, true);
    echo[13] = BRIDGE_SERVICE_INDEX;
    view.setUint16(14, isKnown ? command : BRIDGE_UNKNOWN, true);
    view.setUint16(0, crc16(echo, 2), true);
    this.send(wrap(echo));
  }

  private send(bytes: Uint8Array): void {
    const { scheduler, onBytes } = this.options;
    this.toHostFreeUs = Math.max(this.toHostFreeUs, scheduler.nowUs) + bytes.length * this.byteUs;
    scheduler.at(this.toHostFreeUs, () => {
      if (this.isPlugged) onBytes(bytes);
    });
  }
}

function wrap(frame: Uint8Array): Uint8Array {
  const bytes = [MAGIC, CODE.start];
  for (const byte of frame) {
    if (byte === MAGIC) bytes.push(MAGIC, CODE.literal);
    else bytes.push(byte);
  }
  return Uint8Array.from([...bytes, MAGIC, CODE.end]);
}

/** jd_usb_push(): takes the host's bytes apart. Padding between frames and damaged frames are dropped. */
export class BoardDecoder {
  private readonly buffer = new Uint8Array(MAX_FRAME_BYTES);
  private length = 0;
  private inFrame = false;
  private afterMagic = false;

  constructor(private readonly onFrame: (frame: Uint8Array) => void) {}

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.afterMagic) this.code(byte);
      else if (byte === MAGIC) this.afterMagic = true;
      else this.data(byte);
    }
  }

  private code(byte: number): void {
    if (byte === MAGIC) {
      // Two magic bytes: the frame is damaged; the second may still begin something.
      this.abandon();
      return;
    }
    this.afterMagic = false;
    if (byte === CODE.literal) this.data(MAGIC);
    else if (byte === CODE.start) {
      this.abandon();
      this.inFrame = true;
    } else if (byte === CODE.end) this.end();
    else if (byte !== CODE.reserved && byte !== CODE.serialGap && byte !== CODE.frameGap) this.abandon();
  }

  private data(byte: number): void {
    if (!this.inFrame) return;
    if (this.length === MAX_FRAME_BYTES) this.abandon();
    else this.buffer[this.length++] = byte;
  }

  private end(): void {
    const frame = this.buffer.slice(0, this.length);
    const size = FRAME_HEADER_BYTES + (frame[2] ?? 0);
    const isWhole = this.inFrame && frame.length >= MIN_FRAME_BYTES && frame.length >= size;
    this.abandon();
    const exact = frame.subarray(0, size);
    if (isWhole && ((frame[0] as number) | ((frame[1] as number) << 8)) === crc16(exact, 2)) this.onFrame(exact);
  }

  private abandon(): void {
    this.inFrame = false;
    this.length = 0;
  }
}
