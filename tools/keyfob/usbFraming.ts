// The framing in which a DeviceScript board carries Jacdac frames over a serial port: magic byte FE, then a code. What is
// outside frames is the board's log text. (jd_usb.c of the DeviceScript runtime; Jacdac's "USB bridge" service.)

import { crc, type UsbBridgeCmd, UsbBridgeQByte } from "jacdac-ts";

/** A board reads its serial port in blocks of this size, so that every write is padded with zeros to a multiple of it. */
export const WRITE_BYTES = 64;

/** Largest Jacdac frame: 12 bytes of header and 240 of packets. */
export const MAX_FRAME_BYTES = 252;

const FRAME_HEADER_BYTES = 12;
const MIN_FRAME_BYTES = 16;
const SIZE_AT = 2;
const FLAGS_AT = 3;
const FLAG_CLASS_ADDRESSED = 0x04;
const FLAG_COMMAND_AND_LOOPBACK = 0x41;
const USB_BRIDGE_CLASS = 0x18f61a4a;
const BROADCAST_SERVICE_INDEX = 0x3d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MAX_LOG_LINE_BYTES = 1024;

/** Wraps one Jacdac frame for the wire: escaped, and padded to whole writes of 64 bytes. */
export function wrapFrame(frame: Uint8Array): Buffer {
  const wrapped = Buffer.alloc(roundUp(2 * frame.length + 4, WRITE_BYTES));
  let at = 0;
  wrapped[at++] = UsbBridgeQByte.Magic;
  wrapped[at++] = UsbBridgeQByte.FrameStart;
  for (const byte of frame) {
    wrapped[at++] = byte;
    if (byte === UsbBridgeQByte.Magic) wrapped[at++] = UsbBridgeQByte.LiteralMagic;
  }
  wrapped[at++] = UsbBridgeQByte.Magic;
  wrapped[at++] = UsbBridgeQByte.FrameEnd;
  return wrapped.subarray(0, roundUp(at, WRITE_BYTES));
}

/** A frame for the board's USB bridge itself; the board repeats it. It forwards nothing before `EnablePackets`. */
export function bridgeFrame(command: UsbBridgeCmd): Buffer {
  const frame = Buffer.alloc(MIN_FRAME_BYTES);
  frame[SIZE_AT] = MIN_FRAME_BYTES - FRAME_HEADER_BYTES;
  frame[FLAGS_AT] = FLAG_COMMAND_AND_LOOPBACK | FLAG_CLASS_ADDRESSED;
  frame.writeUInt32LE(USB_BRIDGE_CLASS, 4);
  frame.writeUInt32LE(0xaaaaaaaa, 8);
  frame[13] = BROADCAST_SERVICE_INDEX;
  frame.writeUInt16LE(command, 14);
  frame.writeUInt16LE(crc(frame.subarray(SIZE_AT)), 0);
  return frame;
}

/** Whether a frame is one of bridgeFrame()'s, that is, the board's echo. */
export function isBridgeFrame(frame: Buffer): boolean {
  return (Number(frame[FLAGS_AT]) & FLAG_CLASS_ADDRESSED) !== 0 && frame.readUInt32LE(4) === USB_BRIDGE_CLASS;
}

/** Where a decoder delivers. */
export interface UsbFramingSink {
  /** A frame whose length and CRC are right; the buffer is the receiver's to keep. */
  frame(frame: Buffer): void;
  /** A line of the board's log, without its end. */
  logLine?(line: string): void;
}

/** Takes the byte stream of a board apart. Damage costs the frame that it hit, never one behind it. */
export class UsbFrameDecoder {
  /** Frames lost to a wrong CRC, length or escape. */
  damagedFrames = 0;
  /** Bytes outside frames, apart from padding: log text, or whatever a device that is not ours says. */
  strayBytes = 0;
  private readonly frame = Buffer.alloc(MAX_FRAME_BYTES);
  private length = 0;
  private inFrame = false;
  private afterMagic = false;
  private line: number[] = [];

  constructor(private readonly sink: UsbFramingSink) {}

  /** Takes the next bytes, however they were cut up. */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.afterMagic) this.escaped(byte);
      else if (byte === UsbBridgeQByte.Magic) this.afterMagic = true;
      else this.plain(byte);
    }
  }

  private escaped(code: number): void {
    this.afterMagic = false;
    switch (code) {
      case UsbBridgeQByte.LiteralMagic:
        this.plain(UsbBridgeQByte.Magic);
        return;
      case UsbBridgeQByte.FrameStart:
        if (this.inFrame) this.drop();
        this.inFrame = true;
        return;
      case UsbBridgeQByte.FrameEnd:
        this.endFrame();
        return;
      case UsbBridgeQByte.Reserved:
      case UsbBridgeQByte.SerialGap:
      case UsbBridgeQByte.FrameGap:
        return;
      case UsbBridgeQByte.Magic:
        // The first of the two was damaged or stray; the second may begin something.
        this.afterMagic = true;
        break;
    }
    if (this.inFrame) this.drop();
  }

  private plain(byte: number): void {
    if (!this.inFrame) this.stray(byte);
    else if (this.length < MAX_FRAME_BYTES) this.frame[this.length++] = byte;
    else this.drop();
  }

  private endFrame(): void {
    if (!this.inFrame) return;
    const frame = Buffer.from(this.frame.subarray(0, this.length));
    // Where a start was lost, what looks like a frame is not; length and CRC decide.
    if (
      frame.length >= MIN_FRAME_BYTES &&
      frame.length === Number(frame[SIZE_AT]) + FRAME_HEADER_BYTES &&
      frame.readUInt16LE(0) === crc(frame.subarray(SIZE_AT))
    ) {
      this.inFrame = false;
      this.length = 0;
      this.sink.frame(frame);
    } else this.drop();
  }

  private drop(): void {
    this.damagedFrames++;
    this.inFrame = false;
    this.length = 0;
  }

  private stray(byte: number): void {
    if (byte === 0) return;
    this.strayBytes++;
    if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) {
      if (this.line.length < MAX_LOG_LINE_BYTES) this.line.push(byte);
    } else if (this.line.length > 0) {
      this.sink.logLine?.(Buffer.from(this.line).toString("utf8"));
      this.line = [];
    }
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
