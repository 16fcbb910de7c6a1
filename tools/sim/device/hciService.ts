import type { Service, ServiceOutput } from "../jacdac/server";

/** Class of services/hci.md. */
const SERVICE_CLASS = 0x1c4fb001;
const COMMAND_SEND = 0x80;
const REPORT_RECEIVED = 0x81;
const REGISTER = { dropped: 0x180, rejected: 0x181 } as const;
const MAX_REPORT_BYTES = 232;
const H4_COMMAND = 0x01;
const H4_COMMAND_HEADER_BYTES = 4;

/** The server of services/hci.md: whole H4 packets to the controller and back, several in one Jacdac packet. */
export class HciService implements Service {
  readonly serviceClass = SERVICE_CLASS;
  private output!: ServiceOutput;
  private dropped = 0;
  private rejected = 0;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;

  /** @param toController takes one whole H4 command packet */
  constructor(private readonly toController: (packet: Uint8Array) => void) {}

  attach(output: ServiceOutput): void {
    this.output = output;
  }

  /** Takes an H4 event of the controller; flush() sends it on, together with others. */
  received(packet: Uint8Array): void {
    if (packet.length > MAX_REPORT_BYTES) {
      this.dropped++;
      return;
    }
    if (this.waitingBytes + packet.length > MAX_REPORT_BYTES) this.flush();
    this.waiting.push(packet);
    this.waitingBytes += packet.length;
  }

  /** Sends the events that wait. */
  flush(): void {
    if (this.waiting.length === 0) return;
    const packets = Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    this.output.report(REPORT_RECEIVED, packets);
  }

  read(register: number): Uint8Array | undefined {
    const count =
      register === REGISTER.dropped ? this.dropped : register === REGISTER.rejected ? this.rejected : undefined;
    if (count === undefined) return undefined;
    const value = Buffer.alloc(4);
    value.writeUInt32LE(count);
    return value;
  }

  write(): boolean {
    return false;
  }

  command(command: number, data: Uint8Array): boolean {
    if (command !== COMMAND_SEND) return false;
    for (let at = 0; at < data.length; ) {
      const end = at + H4_COMMAND_HEADER_BYTES + (data[at + 3] ?? 0);
      if (data[at] !== H4_COMMAND || end > data.length || at + H4_COMMAND_HEADER_BYTES > data.length) {
        this.rejected++;
        break;
      }
      this.toController(data.slice(at, end));
      at = end;
    }
    return true;
  }
}
