// A DeviceScript board on the other end of a link: the handshake that makes it talk, its devices and services, and packets
// to and from them. jacdac-ts keeps the bus; requests, repetition and time limits are ours, because DeviceScript programs
// do not acknowledge and jacdac-ts forgets a device that was silent for three seconds.

import { JDBus, PACKET_RECEIVE, Packet, Transport, UsbBridgeCmd } from "jacdac-ts";
import { retry } from "../base/retry";
import { pause, within } from "../base/timers";
import { DeviceError } from "./deviceError";
import type { Link } from "./link";
import { openLink } from "./openLink";
import { bridgeFrame, isBridgeFrame, UsbFrameDecoder, wrapFrame } from "./usbFraming";

/** A service of a device on the board. A DeviceScript program's own services sit on a second device of the board. */
export interface ServiceAddress {
  /** 16 hexadecimal digits, as jacdac-ts writes it. */
  readonly deviceId: string;
  readonly serviceIndex: number;
}

export interface BoardOptions {
  /** Called with each line that the board's program logs. */
  readonly onLog?: (line: string) => void;
  /** How long a board may take to answer the handshake, in ms. Default 3000. */
  readonly handshakeMs?: number;
}

const HANDSHAKE_REPEAT_MS = 100;
const HANDSHAKE_MS = 3000;
/** Times that a port is opened that closes at once. */
const OPENINGS = 4;
const REOPEN_MS = 250;
/** A board that restarts forgets that it was asked to forward packets; one that is silent this long is asked again. */
const SILENCE_MS = 1000;
const REGISTER_READ = 0x1000;
const REGISTER_WRITE = 0x2000;
const REGISTER_TRIES_MS = [250, 250, 250, 250, 250, 250];
const FIND_POLL_MS = 20;

const WAKE = Buffer.concat([
  wrapFrame(bridgeFrame(UsbBridgeCmd.EnablePackets)),
  wrapFrame(bridgeFrame(UsbBridgeCmd.EnableLog)),
]);

/** Hands jacdac-ts the frames of our link. It is never "connected" in the library's sense: our handshake came before. */
class LinkTransport extends Transport {
  constructor(private readonly sendFrame: (frame: Uint8Array) => Promise<void>) {
    super("link");
  }
  receive(frame: Buffer): void {
    this.handleFrame(frame, true);
  }
  override sendPacketWhenConnectedAsync(frame: Uint8Array): Promise<void> {
    return this.sendFrame(frame);
  }
  protected override transportSendPacketAsync(frame: Uint8Array): Promise<void> {
    return this.sendFrame(frame);
  }
  protected override async transportConnectAsync(): Promise<void> {}
  protected override async transportDisconnectAsync(): Promise<void> {}
}

/** An open connection to a board. Close it, or the process does not end. */
export class BoardConnection {
  private readonly bus: JDBus;
  private readonly lossListeners = new Set<(error: DeviceError) => void>();
  private loss: DeviceError | undefined;
  private readonly transport: LinkTransport;
  private readonly waker: NodeJS.Timeout;

  private constructor(
    private readonly link: Link,
    private readonly wire: Wire,
  ) {
    this.transport = new LinkTransport((frame) => this.link.write(wrapFrame(frame)));
    this.bus = new JDBus([this.transport], { client: true, disableRoleManager: true });
    this.bus.backgroundRefreshRegisters = false;
    wire.onFrame = (frame) => this.transport.receive(frame);
    wire.onLost = (reason) => this.lose(reason);
    if (wire.lostReason !== undefined) this.lose(wire.lostReason);
    let seen = wire.frames;
    this.waker = setInterval(() => {
      if (wire.frames === seen) void this.link.write(WAKE);
      seen = wire.frames;
    }, SILENCE_MS);
  }

  /** Opens a port (path or tcp://host:port) and wakes the board's packet forwarding. @throws DeviceError */
  static async open(address: string, options: BoardOptions = {}): Promise<BoardConnection> {
    // The command before may not have let go of it entirely.
    const board = await retry(() => BoardConnection.tryOpen(address, options), {
      pauseMs: REOPEN_MS,
      attempts: OPENINGS,
    });
    if (board) return board;
    throw inUse(address);
  }

  /** @returns undefined if the port closes at once */
  private static async tryOpen(address: string, options: BoardOptions): Promise<BoardConnection | undefined> {
    const wire = new Wire(options.onLog);
    const link = await openLink(address, {
      data: (bytes) => wire.decoder.push(bytes),
      lost: (reason) => wire.lost(reason),
    });
    try {
      await shakeHands(link, wire, options.handshakeMs ?? HANDSHAKE_MS);
      return new BoardConnection(link, wire);
    } catch (error) {
      await link.close();
      if (error instanceof DeviceError && error.kind === "lost") return undefined;
      throw error;
    }
  }

  /** The port, as it was given. */
  get address(): string {
    return this.link.address;
  }

  /** Frames that arrived damaged. */
  get damagedFrames(): number {
    return this.wire.decoder.damagedFrames;
  }

  /** Why the line was lost, or undefined while it is there. */
  get lost(): DeviceError | undefined {
    return this.loss;
  }

  /** Calls back once if the line is lost. @returns a function that takes the listener away */
  onLost(listener: (error: DeviceError) => void): () => void {
    this.lossListeners.add(listener);
    return () => this.lossListeners.delete(listener);
  }

  /** The services of a class that are there now. */
  services(serviceClass: number): ServiceAddress[] {
    return this.bus
      .services({ serviceClass, announced: true })
      .map((service) => ({ deviceId: service.device.deviceId, serviceIndex: service.serviceIndex }));
  }

  /** Waits until a service of the class announces itself (devices do so twice a second). @returns undefined after `timeoutMs` */
  async findService(serviceClass: number, timeoutMs: number): Promise<ServiceAddress | undefined> {
    const find = async (): Promise<ServiceAddress | undefined> => {
      const [found] = this.services(serviceClass);
      if (!found && this.loss) throw this.loss;
      return found;
    };
    return retry(find, { pauseMs: FIND_POLL_MS, limitMs: timeoutMs });
  }

  /** Calls back with the packets that a service sends: reports and events. @returns a function that ends it */
  listen(service: ServiceAddress, listener: (packet: Packet) => void): () => void {
    const handler = (packet: Packet) => {
      if (
        packet.isReport &&
        packet.deviceIdentifier === service.deviceId &&
        packet.serviceIndex === service.serviceIndex
      )
        listener(packet);
    };
    this.bus.on(PACKET_RECEIVE, handler);
    return () => void this.bus.off(PACKET_RECEIVE, handler);
  }

  /** Sends one command; resolves when the line can take the next. @throws DeviceError if the line was lost */
  async send(service: ServiceAddress, command: number, data: Uint8Array): Promise<void> {
    await this.sendPacket(packetTo(service, command, data));
  }

  /** Sends a packet that packetTo() made. @throws DeviceError if the line was lost */
  async sendPacket(packet: Packet): Promise<void> {
    if (this.loss) throw this.loss;
    await this.link.write(wrapFrame(packet.toBuffer()));
    if (this.loss) throw this.loss;
  }

  /** Reads a register. @returns its bytes, or undefined if the service does not answer @throws DeviceError */
  async readRegister(service: ServiceAddress, register: number): Promise<Buffer | undefined> {
    const code = REGISTER_READ | register;
    return this.exchange(
      service,
      () => packetTo(service, code, Buffer.alloc(0)),
      REGISTER_TRIES_MS,
      (packet) => (packet.serviceCommand === code ? Buffer.from(packet.data) : undefined),
    );
  }

  /** Writes a register; nothing acknowledges it. @throws DeviceError */
  writeRegister(service: ServiceAddress, register: number, data: Uint8Array): Promise<void> {
    return this.send(service, REGISTER_WRITE | register, data);
  }

  /**
   * Sends one packet, again for each time in `triesMs`, until the packet comes that `pick` accepts.
   *
   * @param packet made anew for each try
   * @param triesMs how long each try waits for it
   * @returns what `pick` made of it, or undefined after the last try @throws DeviceError if the line is lost
   */
  async exchange<T>(
    from: ServiceAddress,
    packet: () => Packet,
    triesMs: readonly number[],
    pick: (packet: Packet) => T | undefined,
  ): Promise<T | undefined> {
    for (const tryMs of triesMs) {
      let sending: Promise<void> | undefined;
      const answer = await within<T>(tryMs, (done, fail) => {
        const stopLoss = this.onLost(fail);
        const stopListening = this.listen(from, (got) => {
          const picked = pick(got);
          if (picked !== undefined) done(picked);
        });
        sending = this.sendPacket(packet());
        sending.catch(fail);
        return () => {
          stopLoss();
          stopListening();
        };
      });
      if (answer !== undefined) return answer;
      // A line that takes nothing is not given more.
      await sending;
    }
    return undefined;
  }

  /** Stops the board's packet forwarding and closes the port; safe to call again. */
  async close(): Promise<void> {
    this.wire.onLost = () => {};
    clearInterval(this.waker);
    if (!this.loss) await this.link.write(wrapFrame(bridgeFrame(UsbBridgeCmd.DisablePackets)));
    this.loss ??= new DeviceError("lost", "the connection was closed");
    await this.bus.stop();
    await this.link.close();
  }

  private lose(reason: string): void {
    if (this.loss) return;
    this.loss = new DeviceError("lost", `the connection to the keyfob broke: ${reason}`);
    for (const listener of [...this.lossListeners]) listener(this.loss);
  }
}

/** A command packet for a service. */
export function packetTo(service: ServiceAddress, command: number, data: Uint8Array): Packet {
  const packet = Packet.from(command, data);
  packet.deviceIdentifier = service.deviceId;
  packet.serviceIndex = service.serviceIndex;
  packet.isCommand = true;
  return packet;
}

/** What arrives before there is a Board. */
class Wire {
  readonly decoder: UsbFrameDecoder;
  frames = 0;
  lostReason: string | undefined;
  onFrame: (frame: Buffer) => void = () => {};
  onLost: (reason: string) => void = () => {};

  constructor(onLog: ((line: string) => void) | undefined) {
    this.decoder = new UsbFrameDecoder({
      frame: (frame) => {
        this.frames++;
        if (!isBridgeFrame(frame)) this.onFrame(frame);
      },
      logLine: (line) => onLog?.(line),
    });
  }

  lost(reason: string): void {
    this.lostReason = reason;
    this.onLost(reason);
  }
}

async function shakeHands(link: Link, wire: Wire, timeoutMs: number): Promise<void> {
  const wake = async (): Promise<true | undefined> => {
    if (wire.lostReason !== undefined)
      throw new DeviceError("lost", `the connection to ${link.address} broke: ${wire.lostReason}`);
    // A device that takes nothing from its line must not hold us up either.
    if (wire.frames === 0) await Promise.race([link.write(WAKE), pause(HANDSHAKE_REPEAT_MS)]);
    return wire.frames > 0 ? true : undefined;
  };
  if (!(await retry(wake, { pauseMs: HANDSHAKE_REPEAT_MS, limitMs: timeoutMs })))
    throw noHandshake(link.address, wire.decoder);
}

function inUse(address: string): DeviceError {
  return new DeviceError(
    "inUse",
    `${address} closes every connection at once: it is in use by another program; let it finish and try again`,
  );
}

function noHandshake(address: string, decoder: UsbFrameDecoder): DeviceError {
  if (decoder.strayBytes > 0 || decoder.damagedFrames > 0)
    return new DeviceError(
      "notJacdac",
      `the device on ${address} sends something, but not as a DeviceScript board does: it is no keyfob, or it was never flashed ("chirpfob flash")`,
    );
  return new DeviceError(
    "silent",
    `nothing answers on ${address}: it is no keyfob, it has no power, or it was never flashed ("chirpfob flash")`,
  );
}
