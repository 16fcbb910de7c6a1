import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasTool, ROOT } from "../../../test/tools";
import { SeededRandom } from "../../../tools/sim/core/random";
import { crc16, decodeFrame, encodeFrame } from "../../../tools/sim/jacdac/frame";
import { UsbGate } from "../../../tools/sim/jacdac/gate";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const OUT = `${ROOT}build/native`;
const FRAMES = 40_000;
const FRAME_BYTES = 252;
const DEVICE_ID = 0xfe02030405060708n;
const PROGRAM_ID = DEVICE_ID ^ 0xdb2249a7_751b53f8n;
const MARK = 0xaaaaaaaa_00000000n;
const IDS = [DEVICE_ID, DEVICE_ID, DEVICE_ID, PROGRAM_ID, 0x99n, MARK, MARK | 0x1c4fb002n];
const FLAGS = [0, 0, 0x40, 1, 1, 1, 3, 5, 0x41];
const INDEXES = [0, 0, 1, 2, 2, 3, 6, 7, 0x3d, 0x3e, 0x3f];
const COMMANDS = [0, 0, 0x80, 0x81, 0x82, 0x84, 0x1180, 0x2180, 0x8101];
const MANAGER = Buffer.from([0x2b, 0xea, 0x34, 0x11]);

/** A frame of up to four packets, and now and then a size or a byte that is wrong. */
function randomFrame(random: SeededRandom): Buffer {
  const below = (n: number): number => random.uint32() % n;
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const frame = Buffer.alloc(FRAME_BYTES);
  frame[3] = below(10) === 0 ? below(256) : one(FLAGS);
  frame.writeBigUInt64LE(one(IDS), 4);
  let size = 0;
  for (let i = below(8) < 4 ? 1 : 1 + below(4); i > 0; i--) {
    const data = Buffer.from(random.bytes(below(4) === 0 ? below(50) : below(5) * 4));
    if (data.length >= 12 && below(2) === 0) MANAGER.copy(data, 8);
    if (size + 4 + data.length > 236) break;
    frame.set([data.length, one(INDEXES)], 12 + size);
    frame.writeUInt16LE(one(COMMANDS), 14 + size);
    data.copy(frame, 16 + size);
    size += (4 + data.length + 3) & ~3;
  }
  frame[2] = below(20) === 0 ? below(241) : size;
  if (below(20) === 0) frame[12] = below(256);
  frame.writeUInt16LE(crc16(frame.subarray(0, 12 + (frame[2] as number)), 2), 0);
  return frame;
}

test.runIf(hasTool("gcc") && hasTool("make"))(
  `the simulator's gate and the one in C decide alike about ${FRAMES} frames in either direction`,
  { timeout: 300_000 },
  () => {
    execFileSync("make", ["-s", "CC=gcc", `OUT=${OUT}`, "gate-filter"], { cwd: FOLDER, stdio: "pipe" });
    const random = new SeededRandom("gates");
    const frames = Array.from({ length: FRAMES }, () => randomFrame(random));
    const input = Buffer.concat(frames.map((frame, i) => Buffer.concat([Buffer.from([i % 2]), frame])));
    const output = execFileSync(`${OUT}/gate-filter`, { input, maxBuffer: 2 * input.length });
    const gate = new UsbGate(DEVICE_ID);
    // It learns where the manager is from the first announcement.
    const announcement = Buffer.concat([Buffer.alloc(8), MANAGER]);
    gate.releases(
      encodeFrame({ deviceId: DEVICE_ID, isCommand: false, serviceIndex: 0, command: 0, data: announcement }),
    );
    const passed = [0, 0];
    frames.forEach((frame, i) => {
      const whole = frame.subarray(0, 12 + (frame[2] as number));
      const record = output.subarray(i * (1 + FRAME_BYTES), (i + 1) * (1 + FRAME_BYTES));
      const inC = record[0] === 1;
      passed[i % 2] = (passed[i % 2] as number) + (inC ? 1 : 0);
      if (i % 2 === 1) expect(gate.admits(whole), whole.toString("hex")).toBe(inC);
      else {
        const left = inC ? decodeFrame(record.subarray(1, 13 + (record[3] as number))) : [];
        const ours = gate.releases(whole).flatMap((released) => decodeFrame(released));
        expect(ours.map(plain), whole.toString("hex")).toEqual(left.map(plain));
      }
    });
    expect(Math.min(...passed)).toBeGreaterThan(FRAMES / 40);
  },
);

function plain({ deviceId, serviceIndex, command, data }: ReturnType<typeof decodeFrame>[number]): string {
  return `${deviceId} ${serviceIndex} ${command} ${Buffer.from(data).toString("hex")}`;
}
