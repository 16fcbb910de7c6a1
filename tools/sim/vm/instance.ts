// One run of the VM, from power-on to reset: the raw WebAssembly instance and the few functions it asks of its host. The
// host of the CLI (Emscripten's glue) is not used: it reads the global clock and random generator and loses packets.

import { vmModule } from "./bundle";

/** What the machine around the VM gives it: time, randomness, flash and the Jacdac bus. */
export interface VmHost {
  /** The device's own clock in microseconds since any moment; it never goes back. */
  localMicros(): number;
  randomBytes(length: number): Uint8Array;
  /** The flash that holds program and settings; the VM rewrites all of it at every change of a setting. */
  readonly settingsFlash: Uint8Array;
  /** A frame for the bus; the array is the receiver's to keep. */
  frameSent(frame: Uint8Array): void;
  /** One line of the VM's log; console.log writes `> text`, console.warn `* text`, console.error `! text`. */
  logged(line: string): void;
  /** The program ended: 0 for ds.restart(), otherwise a panic code (60000 and above). */
  programEnded(code: number): void;
}

interface VmExports {
  memory: WebAssembly.Memory;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  malloc(size: number): number;
  free(pointer: number): void;
  jd_em_init(): void;
  jd_em_set_device_id_string(text: number): void;
  jd_em_process(): number;
  jd_em_frame_received(frame: number): number;
  jd_em_devs_deploy(image: number, size: number): number;
}

/** Thrown through the WebAssembly frames when the device resets itself; the instance is then of no more use. */
export class VmReset extends Error {
  override readonly name = "VmReset";
}

const MAX_FRAME_BYTES = 252;
const MAX_LOG_LINE_BYTES = 1024;

/** A VM instance: created running, ended by dropping it. */
export class VmInstance {
  private readonly exports: VmExports;
  private readonly bytes: Uint8Array;
  private readonly words: Uint32Array;
  private readonly frameBuffer: number;

  /** @param deviceId the 64-bit Jacdac device id, different for every device on a bus */
  constructor(
    private readonly host: VmHost,
    deviceId: bigint,
  ) {
    const imports = this.imports();
    const instance = new WebAssembly.Instance(vmModule(), { env: imports, wasi_snapshot_preview1: imports });
    this.exports = instance.exports as unknown as VmExports;
    this.bytes = new Uint8Array(this.exports.memory.buffer);
    this.words = new Uint32Array(this.exports.memory.buffer);
    this.exports.emscripten_stack_init();
    this.exports.__wasm_call_ctors();
    this.frameBuffer = this.exports.malloc(MAX_FRAME_BYTES);
    const id = this.cString(deviceId);
    this.exports.jd_em_set_device_id_string(id);
    this.exports.free(id);
    this.exports.jd_em_init();
  }

  /** Runs everything that is due. What it returns, when it wants to run again, is never beyond 10 ms; layout.ts knows better. @throws VmReset */
  process(): void {
    this.exports.jd_em_process();
  }

  /** Hands a frame to the VM's receive queue. @returns whether it was taken: the queue (2,048 bytes) may be full. */
  receive(frame: Uint8Array): boolean {
    this.bytes.set(frame, this.frameBuffer);
    return this.exports.jd_em_frame_received(this.frameBuffer) === 0;
  }

  /** Writes a program into the flash and starts it 50 ms later. @throws Error if the VM refuses the image */
  deploy(image: Uint8Array): void {
    const pointer = this.exports.malloc(image.length);
    this.bytes.set(image, pointer);
    const status = this.exports.jd_em_devs_deploy(pointer, image.length);
    this.exports.free(pointer);
    if (status !== 0) throw new Error(`the VM refuses the program (${image.length} bytes): status ${status}`);
  }

  /** The aligned 32-bit word at an address of the VM's memory. */
  word(address: number): number {
    return this.words[address >> 2] as number;
  }

  private imports(): WebAssembly.ModuleImports {
    const fail = (what: string) => (): never => {
      throw new Error(`the VM called ${what}, which this host does not offer`);
    };
    return {
      em_flash_size: () => this.host.settingsFlash.length,
      em_flash_load: (start: number, size: number) =>
        void this.bytes.set(this.host.settingsFlash.subarray(0, size), start),
      em_flash_save: (start: number, size: number) =>
        void this.host.settingsFlash.set(this.bytes.subarray(start, start + size)),
      em_send_frame: (frame: number) => this.sent(frame, 12 + (this.bytes[frame + 2] as number)),
      em_send_large_frame: (frame: number, size: number) => this.sent(frame, size),
      // Half a microsecond more, so that the VM's own rounding down of milliseconds * 1,000 loses none.
      em_time_now: () => (this.host.localMicros() + 0.5) / 1000,
      em_jd_crypto_get_random: (target: number, size: number) =>
        void this.bytes.set(this.host.randomBytes(size), target),
      em_print_dmesg: (text: number) => this.host.logged(this.text(text)),
      _devs_panic_handler: (code: number) => this.host.programEnded(code),
      em_deploy_handler: () => undefined,
      emscripten_memcpy_big: (target: number, source: number, count: number) =>
        void this.bytes.copyWithin(target, source, source + count),
      exit: () => {
        throw new VmReset("the device resets itself");
      },
      abort: fail("abort()"),
      emscripten_resize_heap: fail("emscripten_resize_heap(): it is out of memory"),
      fd_write: fail("fd_write()"),
      fd_close: fail("fd_close()"),
      fd_seek: fail("fd_seek()"),
      _jd_tcpsock_is_available: () => 0,
      _jd_tcpsock_new: () => -1,
      _jd_tcpsock_write: () => -1,
      _jd_tcpsock_close: () => 0,
    };
  }

  /** The id as 16 hexadecimal digits, lowest byte first, which the VM turns back into the same 64 bits. */
  private cString(deviceId: bigint): number {
    const id = Buffer.alloc(8);
    id.writeBigUInt64LE(deviceId);
    const text = Buffer.from(`${id.toString("hex")}\0`);
    const pointer = this.exports.malloc(text.length);
    this.bytes.set(text, pointer);
    return pointer;
  }

  private sent(address: number, length: number): void {
    this.host.frameSent(this.bytes.slice(address, address + length));
  }

  private text(address: number): string {
    const limit = Math.min(address + MAX_LOG_LINE_BYTES, this.bytes.length);
    let end = address;
    while (end < limit && this.bytes[end] !== 0) end++;
    return Buffer.from(this.bytes.subarray(address, end)).toString("utf8");
  }
}
