// Bluetooth traffic that a sniffer recorded, played to devices as if they had stood where the sniffer stood. Columns:
// us, PDU type, TxAdd random, RSSI dBm, AdvA (most significant byte first), AdvData, both in hexadecimal digits.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Micros } from "../core/scheduler";
import type { AdvertisingPdu, ReportType } from "../hci/pdu";
import type { RecordedPacket, RecordedTraffic } from "./air";

/** PDU types of the link layer (vol 6 part B 2.3) to what a scanner reports; a passive one never reports scan responses. */
const REPORT_TYPE: Record<string, ReportType> = { "0": 0, "2": 3, "6": 2 };
const GZIP_MAGIC = 0x8b1f;
const ALL_CHANNELS = 7;
const FIELDS = /^(\d+),([0-9]),([01]),(-?\d+),([0-9a-f]{12}),((?:[0-9a-f]{2}){0,31})$/;

/** A recording cannot be used; the message names file and line. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}

/** Reads a recording, plain or gzipped. @throws RecordingError */
export function readRecording(path: string): RecordedPacket[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if (bytes.length > 2 && bytes.readUInt16LE(0) === GZIP_MAGIC) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new RecordingError(`cannot read the recording ${path}: ${(error as Error).message}`);
  }
  return parseRecording(bytes.toString("utf8"), path);
}

/** Parses the text of a recording; the first line holds the names of the columns. @throws RecordingError */
export function parseRecording(text: string, name: string): RecordedPacket[] {
  const senders = new Map<string, number>();
  const packets: RecordedPacket[] = [];
  text.split("\n").forEach((line, index) => {
    if (index === 0 || line.trim() === "") return;
    const match = FIELDS.exec(line.trim());
    if (!match) throw new RecordingError(`${name}:${index + 1}: not a recorded packet: "${line.slice(0, 60)}"`);
    const [, us, type = "", random, rssi, address = "", data = ""] = match;
    const reportType = REPORT_TYPE[type];
    if (reportType === undefined) return;
    const sender = senders.get(address) ?? -1 - senders.size;
    senders.set(address, sender);
    const pdu: AdvertisingPdu = {
      type: reportType,
      isAddressRandom: random === "1",
      address: Uint8Array.from(Buffer.from(address, "hex")).reverse(),
      data: Uint8Array.from(Buffer.from(data, "hex")),
    };
    packets.push({
      event: { startUs: Number(us), pdu, channelMap: ALL_CHANNELS, txPowerDbm: 0 },
      rssiDbm: Number(rssi),
      sender,
    });
  });
  if (packets.length === 0) throw new RecordingError(`${name} holds no packets`);
  return packets;
}

/** Plays a recording over and over, to some radios, from the beginning of the scenario. */
export class LoopedRecording implements RecordedTraffic {
  private readonly lengthUs: Micros;

  constructor(
    private readonly packets: readonly RecordedPacket[],
    readonly receivers: ReadonlySet<number>,
  ) {
    this.lengthUs = (packets.at(-1)?.event.startUs ?? 0) + 1000;
  }

  *between(fromUs: Micros, toUs: Micros): Iterable<RecordedPacket> {
    for (let loop = Math.max(0, Math.floor(fromUs / this.lengthUs)); loop * this.lengthUs < toUs; loop++) {
      const shiftUs = loop * this.lengthUs;
      for (let i = this.firstAfter(fromUs - shiftUs); i < this.packets.length; i++) {
        const packet = this.packets[i] as RecordedPacket;
        const startUs = packet.event.startUs + shiftUs;
        if (startUs >= toUs) return;
        yield { ...packet, event: { ...packet.event, startUs } };
      }
    }
  }

  /** Index of the first packet at or after a moment of the recording. */
  private firstAfter(us: Micros): number {
    let low = 0;
    let high = this.packets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.packets[middle] as RecordedPacket).event.startUs < us) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
