// What tools/keyfob and tools/build use of jacdac-ts 1.33.7. The package's own declarations cannot be reached through its "exports" field,
// and would bring the browser's types along.

declare module "jacdac-ts" {
  /** CRC-16 of a Jacdac frame, without the two bytes that hold it. */
  export function crc(bytes: Uint8Array): number;

  /** Codes after the magic byte of the serial framing. */
  export enum UsbBridgeQByte {
    Magic,
    LiteralMagic,
    Reserved,
    SerialGap,
    FrameGap,
    FrameStart,
    FrameEnd,
  }

  export enum UsbBridgeCmd {
    DisablePackets,
    EnablePackets,
    DisableLog,
    EnableLog,
  }

  /** Reads a service's Markdown page, as DeviceScript's compiler does. */
  export function parseServiceSpecificationMarkdownToJSON(
    text: string,
    includes: Record<string, never>,
    name: string,
  ): {
    readonly classIdentifier: number;
    readonly enums: Record<
      string,
      { readonly name: string; readonly isFlags?: boolean; readonly members: Record<string, number> }
    >;
    readonly packets: readonly {
      readonly kind: string;
      readonly name: string;
      readonly identifier: number;
      readonly fields: readonly { readonly name: string; readonly type: string; readonly storage: number }[];
    }[];
    readonly errors?: readonly { readonly line: number; readonly message: string }[];
  };

  /** Event of JDBus: a packet that was not an announcement. */
  export const PACKET_RECEIVE: string;

  export class Packet {
    static from(serviceCommand: number, data: Uint8Array): Packet;
    deviceIdentifier: string;
    serviceIndex: number;
    readonly serviceCommand: number;
    readonly data: Uint8Array;
    isCommand: boolean;
    readonly isReport: boolean;
    requiresAck: boolean;
    toBuffer(): Uint8Array;
  }

  export abstract class Transport {
    constructor(type: string);
    protected handleFrame(frame: Uint8Array, skipCrc?: boolean): void;
    sendPacketWhenConnectedAsync(frame: Uint8Array): Promise<void>;
    protected abstract transportSendPacketAsync(frame: Uint8Array): Promise<void>;
    protected abstract transportConnectAsync(): Promise<void>;
    protected abstract transportDisconnectAsync(): Promise<void>;
  }

  export interface JDService {
    readonly device: JDDevice;
    readonly serviceIndex: number;
  }

  export interface JDDevice {
    readonly deviceId: string;
    readonly serviceClasses: number[];
  }

  export class JDBus {
    constructor(transports: Transport[], options: { client: boolean; disableRoleManager: boolean });
    readonly selfDeviceId: string;
    backgroundRefreshRegisters: boolean;
    devices(filter: { announced: boolean; ignoreInfrastructure: boolean }): JDDevice[];
    services(filter: { serviceClass: number; announced: boolean }): JDService[];
    on(event: string, handler: (packet: Packet) => void): void;
    off(event: string, handler: (packet: Packet) => void): void;
    /** Ends all timers. */
    stop(): Promise<void>;
  }
}
