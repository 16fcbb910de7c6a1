// btsnoop files, version 1, datalink 1002 (H4), as written by hcidump and read by btmon, tshark and Wireshark.

import { closeSync, openSync, writeSync } from "node:fs";
import { H4 } from "./codes";

const DATALINK_H4 = 1002;
/** Microseconds from the year 0 (the format's epoch) to 1970. */
const UNIX_EPOCH_US = 0x00dcddb30f2f8000n;
const FLAG_RECEIVED = 1;
const FLAG_COMMAND_OR_EVENT = 2;
const BUFFER_BYTES = 64 * 1024;

/** The file's header. */
export function btsnoopHeader(): Buffer {
  const header = Buffer.alloc(16);
  header.write("btsnoop\0", 0, "latin1");
  header.writeUInt32BE(1, 8);
  header.writeUInt32BE(DATALINK_H4, 12);
  return header;
}

/** One record. @param packet with its H4 type byte; @param unixUs when, in microseconds since 1970 */
export function btsnoopRecord(packet: Uint8Array, unixUs: number): Buffer {
  const record = Buffer.alloc(24 + packet.length);
  record.writeUInt32BE(packet.length, 0);
  record.writeUInt32BE(packet.length, 4);
  record.writeUInt32BE(FLAG_COMMAND_OR_EVENT | (packet[0] === H4.event ? FLAG_RECEIVED : 0), 8);
  record.writeBigInt64BE(UNIX_EPOCH_US + BigInt(Math.round(unixUs)), 16);
  record.set(packet, 24);
  return record;
}

/** Writes what passes between a host and its controller into a btsnoop file. Close it at the end. */
export class BtsnoopFile {
  private readonly file: number;
  private waiting: Buffer[] = [btsnoopHeader()];
  private waitingBytes = 0;

  constructor(
    path: string,
    private readonly unixMicros: () => number,
  ) {
    this.file = openSync(path, "w");
  }

  readonly write = (packet: Uint8Array): void => {
    const record = btsnoopRecord(packet, this.unixMicros());
    this.waiting.push(record);
    this.waitingBytes += record.length;
    if (this.waitingBytes > BUFFER_BYTES) this.flush();
  };

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    writeSync(this.file, Buffer.concat(this.waiting));
    this.waiting = [];
    this.waitingBytes = 0;
  }
}
