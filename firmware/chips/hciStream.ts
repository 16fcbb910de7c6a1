import { copyBytes, sliceCopy } from "../../protocol/base/bytes";

const ACL = 0x02;
const EVENT = 0x04;

/** Longest packet a radio module may send: an ACL packet that we drop, or an event of 258 bytes. */
const CAPACITY = 1024;

/** Cuts a stream of bytes, however it was split on the way, into whole H4 event packets. */
export class HciStream {
  /** Bytes dropped because no packet can begin with them, since power-on. */
  garbage = 0;
  private bytes: Buffer = Buffer.alloc(0);

  clear(): void {
    this.bytes = Buffer.alloc(0);
  }

  push(more: Buffer): void {
    if (this.bytes.length + more.length > CAPACITY) {
      this.garbage += this.bytes.length;
      this.bytes = Buffer.alloc(0);
    }
    const joined = Buffer.alloc(this.bytes.length + more.length);
    copyBytes(joined, 0, this.bytes, 0, this.bytes.length);
    copyBytes(joined, this.bytes.length, more, 0, more.length);
    this.bytes = joined;
  }

  /** The next whole event packet, or undefined until more bytes come. ACL data, which nobody asked for, is skipped. */
  next(): Buffer | undefined {
    while (this.bytes.length > 0) {
      const length = packetLength(this.bytes);
      if (length === 0) {
        this.garbage++;
        this.take(1);
      } else if (length < 0 || length > this.bytes.length) {
        return undefined;
      } else {
        const packet = this.take(length);
        if (packet[0] === EVENT) return packet;
      }
    }
    return undefined;
  }

  private take(length: number): Buffer {
    const head = sliceCopy(this.bytes, 0, length);
    this.bytes = sliceCopy(this.bytes, length, this.bytes.length - length);
    return head;
  }
}

/** Bytes of the packet that begins here: 0 if none can, -1 if too little of it is known. */
function packetLength(bytes: Buffer): number {
  if (bytes[0] === EVENT) return bytes.length < 3 ? -1 : 3 + bytes[2];
  if (bytes[0] !== ACL) return 0;
  if (bytes.length < 5) return -1;
  const length = 5 + (bytes[3] | (bytes[4] << 8));
  return length > CAPACITY ? 0 : length;
}
