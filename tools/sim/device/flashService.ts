import type { Service, ServiceOutput } from "../jacdac/server";
import type { FlashStatus, NorFlash } from "./norFlash";

/** Class of services/flashstore.md. */
const SERVICE_CLASS = 0x1c4fb002;
const COMMAND = { read: 0x80, program: 0x81, erase: 0x82 } as const;
const REGISTER_SIZE = 0x180;
const STATUS: Record<FlashStatus, number> = { ok: 0, outOfRange: 1, notErased: 2 };
const MAX_TRANSFER_BYTES = 224;

/** The server of services/flashstore.md over a simulated chip. */
export class FlashService implements Service {
  readonly serviceClass = SERVICE_CLASS;
  private output!: ServiceOutput;

  constructor(private readonly flash: NorFlash) {}

  attach(output: ServiceOutput): void {
    this.output = output;
  }

  read(register: number): Uint8Array | undefined {
    if (register !== REGISTER_SIZE) return undefined;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(this.flash.size);
    return size;
  }

  write(): boolean {
    return false;
  }

  /** @throws PowerCut as the chip does; the device's owner power-cycles it then */
  command(command: number, payload: Uint8Array): boolean {
    const data = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    if (command === COMMAND.read) {
      if (data.length < 12) return false;
      const offset = data.readUInt32LE(0);
      const pieces = this.pieces(offset, data.readUInt32LE(4), data.readUInt8(10), data.readUInt8(11));
      this.answer(command, offset, data.readUInt16LE(8), pieces ? "ok" : "outOfRange", pieces ?? Buffer.alloc(0));
      return true;
    }
    if (data.length < 6) return false;
    const offset = data.readUInt32LE(0);
    const id = data.readUInt16LE(4);
    if (command === COMMAND.program) this.answer(command, offset, id, this.flash.program(offset, data.subarray(6)));
    else if (command === COMMAND.erase) this.answer(command, offset, id, this.flash.erase(offset));
    else return false;
    return true;
  }

  private pieces(offset: number, stride: number, length: number, count: number): Buffer | undefined {
    if (length * count === 0 || length * count > MAX_TRANSFER_BYTES) return undefined;
    const pieces: Uint8Array[] = [];
    for (let k = 0; k < count; k++) {
      const piece = this.flash.read(offset + k * stride, length);
      if (!piece) return undefined;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  private answer(
    command: number,
    offset: number,
    id: number,
    status: FlashStatus,
    data: Buffer = Buffer.alloc(0),
  ): void {
    const head = Buffer.alloc(7);
    head.writeUInt32LE(offset, 0);
    head.writeUInt16LE(id, 4);
    head.writeUInt8(STATUS[status], 6);
    this.output.report(command, Buffer.concat([head, data]));
  }
}
