// Runs a list of cases as compiled bytecode in the real DeviceScript VM; the list reaches it as the content of a flash store.

import { buildBytecode } from "../../../tools/build/bytecode";
import { SeededRandom } from "../../../tools/sim/core/random";
import { FlashService } from "../../../tools/sim/device/flashService";
import { NorFlash, SECTOR_BYTES } from "../../../tools/sim/device/norFlash";
import { JacdacServer } from "../../../tools/sim/jacdac/server";
import { describePanic } from "../../../tools/sim/vm/run";
import { blankSettingsFlash, Vm } from "../../../tools/sim/vm/vm";
import type { Case } from "../caseList";

const END = "end of list";
const ANNOUNCE_US = 500_000;
const TIMEOUT_US = 4 * 3600 * 1e6;

/** One line for each case. @throws Error if the program panics or does not come to the end */
export async function runCasesInVm(cases: readonly Case[]): Promise<string[]> {
  const { image, debugFile } = await buildBytecode("protocol-cases", "protocol/test/vm/main.ts");
  const lines: string[] = [];
  const random = new SeededRandom("protocol cases");
  let nowUs = 0;
  let ended = false;
  const vm = new Vm({
    deviceId: 0x1e57_0001n,
    localMicros: () => nowUs,
    randomBytes: (length) => random.bytes(length),
    settingsFlash: blankSettingsFlash(),
    onFrame: (frame) => server.receive(frame),
    onLog: (line) => {
      if (line === `> ${END}`) ended = true;
      else if (line.startsWith("> ")) lines.push(line.slice(2));
    },
    onPanic: (panic) => {
      throw new Error(`after ${lines.length} cases ${describePanic(panic, debugFile)}`);
    },
  });
  const flash = new NorFlash({ bytes: padded(encodeCases(cases)), erases: new Uint32Array(0) });
  const server = new JacdacServer(0x1e57_0002n, [new FlashService(flash)], (frame) => vm.deliver(frame));
  vm.deploy(image);
  let announceAt = 0;
  while (!ended) {
    if (nowUs > TIMEOUT_US)
      throw new Error(`the program came no further than ${lines.length} of ${cases.length} cases`);
    if (nowUs >= announceAt) {
      server.announce();
      announceAt = nowUs + ANNOUNCE_US;
    }
    nowUs += Math.min(vm.step(), announceAt - nowUs);
  }
  return lines;
}

/** u32 count, then for each case: operation u8, number of inputs u8, and each input as length u16 and bytes. */
function encodeCases(cases: readonly Case[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(cases.length);
  return Buffer.concat([
    count,
    ...cases.flatMap(({ operation, inputs }) => [
      Buffer.from([operation, inputs.length]),
      ...inputs.flatMap((input) => [Buffer.from([input.length >> 8, input.length & 0xff]), input]),
    ]),
  ]);
}

/** Whole sectors, and one more: the program reads ahead. */
function padded(list: Buffer): Uint8Array {
  const bytes = new Uint8Array((Math.ceil(list.length / SECTOR_BYTES) + 1) * SECTOR_BYTES);
  bytes.set(list);
  return bytes;
}
