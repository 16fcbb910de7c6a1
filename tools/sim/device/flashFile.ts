// A device's flash in a file: magic, sizes, then settings flash, log flash and erase counters, as they are.

import { readFileSync } from "node:fs";
import { writeAtomically } from "../../base/files";
import { SETTINGS_FLASH_BYTES } from "../vm/vm";
import type { DeviceFlash } from "./device";
import { SECTOR_BYTES } from "./norFlash";

const MAGIC = "CHIRPFOBFLASH1\0\0";
const HEADER_BYTES = MAGIC.length + 4;

/** The file is not a device's flash; the message says why. */
export class FlashFileError extends Error {
  override readonly name = "FlashFileError";
}

/** A file that holds a device's flash from one run of the simulator to the next. */
export class FlashFile {
  private saved: Buffer | undefined;
  private saving: Promise<void> = Promise.resolve();

  constructor(readonly path: string) {}

  /** @throws FlashFileError, or the operating system's error */
  load(): DeviceFlash {
    const bytes = readFileSync(this.path);
    if (bytes.length < HEADER_BYTES || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC)
      throw new FlashFileError(`${this.path} is not the flash of a simulated device`);
    const logBytes = bytes.readUInt32LE(MAGIC.length);
    const sectors = logBytes / SECTOR_BYTES;
    const expected = HEADER_BYTES + SETTINGS_FLASH_BYTES + logBytes + 4 * sectors;
    if (bytes.length !== expected || !Number.isInteger(sectors))
      throw new FlashFileError(`${this.path} is damaged: it has ${bytes.length} bytes and should have ${expected}`);
    const settings = Uint8Array.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + SETTINGS_FLASH_BYTES));
    const log = Uint8Array.from(bytes.subarray(HEADER_BYTES + SETTINGS_FLASH_BYTES, expected - 4 * sectors));
    const erases = Uint32Array.from({ length: sectors }, (_, i) => bytes.readUInt32LE(expected - 4 * (sectors - i)));
    this.saved = bytes;
    return { settings, log: { bytes: log, erases } };
  }

  /** Writes the file anew, in one go, unless it holds the same already. One writing at a time: the last one stands. */
  async saveIfChanged({ settings, log }: DeviceFlash): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, "latin1");
    header.writeUInt32LE(log.bytes.length, MAGIC.length);
    const erases = Buffer.alloc(4 * log.erases.length);
    log.erases.forEach((count, i) => void erases.writeUInt32LE(count, 4 * i));
    const bytes = Buffer.concat([header, settings, log.bytes, erases]);
    const save = async (): Promise<void> => {
      if (this.saved?.equals(bytes)) return;
      await writeAtomically(this.path, bytes, 0o600);
      this.saved = bytes;
    };
    this.saving = this.saving.then(save, save);
    await this.saving;
  }
}
