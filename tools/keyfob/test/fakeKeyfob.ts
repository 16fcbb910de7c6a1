// A stand-in for a keyfob on a TCP port, for what the real one does not do on demand: lose a certain report, answer late,
// twice, or with a given status. It proves nothing about keyfobs; the tests against the real bytecode do.

import { createServer, type Server, type Socket } from "node:net";
import { Packet } from "jacdac-ts";
import { KEYFOB_SERVICE_CLASS } from "../../../protocol/keyfob/codes";
import { isBridgeFrame, UsbFrameDecoder, wrapFrame } from "../usbFraming";

const DEVICE_ID = "0123456789abcdef";
const SERVICE_INDEX = 1;
const ANNOUNCE_MS = 100;

/** Answers a command: the reports to send, as [command, payload]; none to stay silent. */
export type Answerer = (command: number, payload: Buffer, fake: FakeKeyfob) => [number, Buffer][];

export class FakeKeyfob {
  /** Commands that arrived. */
  readonly received: { command: number; payload: Buffer }[] = [];
  private socket: Socket | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  static async start(answer: Answerer): Promise<FakeKeyfob> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const fake = new FakeKeyfob(server, `tcp://127.0.0.1:${(server.address() as { port: number }).port}`);
    server.on("connection", (socket) => fake.serve(socket, answer));
    return fake;
  }

  /** How often a command arrived. */
  count(command: number): number {
    return this.received.filter((entry) => entry.command === command).length;
  }

  report(command: number, payload: Buffer): void {
    const packet = Packet.from(command, payload);
    packet.deviceIdentifier = DEVICE_ID;
    packet.serviceIndex = SERVICE_INDEX;
    this.socket?.write(wrapFrame(packet.toBuffer()));
  }

  unplug(): void {
    this.socket?.destroy();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.socket?.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket, answer: Answerer): void {
    this.socket = socket;
    socket.on("error", () => socket.destroy());
    const decoder = new UsbFrameDecoder({
      frame: (frame) => {
        if (isBridgeFrame(frame)) socket.write(wrapFrame(frame));
        else if (frame[13] === SERVICE_INDEX && frame.subarray(4, 12).toString("hex") === DEVICE_ID) {
          const command = frame.readUInt16LE(14);
          const payload = Buffer.from(frame.subarray(16, 16 + Number(frame[12])));
          this.received.push({ command, payload });
          for (const [code, report] of answer(command, payload, this)) this.report(code, report);
        }
      },
    });
    socket.on("data", (bytes) => decoder.push(bytes));
    clearInterval(this.timer);
    this.timer = setInterval(() => this.announce(), ANNOUNCE_MS);
  }

  private announce(): void {
    const services = Buffer.alloc(8);
    services.writeUInt32LE(0x00000107, 0);
    services.writeUInt32LE(KEYFOB_SERVICE_CLASS, 4);
    const packet = Packet.from(0, services);
    packet.deviceIdentifier = DEVICE_ID;
    packet.serviceIndex = 0;
    this.socket?.write(wrapFrame(packet.toBuffer()));
  }
}
