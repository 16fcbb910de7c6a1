// Runs the shared list of cases on a device: reads it from the flash store service and prints one line for each case.

import * as ds from "@devicescript/core";
import { sha256 } from "../../../firmware/base/sha256";
import { readU16, readU32 } from "../../base/bytes";
import { CaseRunner } from "../cases";

const PIECE = 224;

const store = new ds.FlashStore("cases");
let piece = Buffer.alloc(0);
let pieceAt = 0;
let position = 0;
let readId = 0;

/** The next `length` bytes of the list. */
async function take(length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    if (position >= pieceAt + piece.length) await readPiece();
    const from = position - pieceAt;
    const n = Math.min(piece.length - from, length - done);
    bytes.set(piece.slice(from, from + n), done);
    position += n;
    done += n;
  }
  return bytes;
}

async function readPiece(): Promise<void> {
  readId++;
  const report = await ds.actionReport(store, "read", async () => await store.read(position, 0, readId, PIECE, 1));
  piece = report.payload.slice(7);
  pieceAt = position;
}

async function main(): Promise<void> {
  while (!store.isBound) await ds.sleep(100);
  const runner = new CaseRunner(sha256, async () => await ds.sleep(1));
  const count = readU32(await take(4), 0);
  for (let i = 0; i < count; i++) {
    const head = await take(2);
    const inputs: Buffer[] = [];
    for (let k = 0; k < head[1]; k++) {
      const length = await take(2);
      inputs.push(await take(readU16(length, 0)));
    }
    console.log(await runner.run(head[0], inputs));
    await ds.sleep(1);
  }
  console.log("end of list");
}

main.start();
