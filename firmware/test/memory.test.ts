import { describe, expect, it } from "vitest";
import { buildBytecode } from "../../tools/build/bytecode";
import { World } from "../../tools/sim/world/world";
import { runAmong } from "./crowd";
import { KeyfobRig, SECOND_US, wearableImage } from "./keyfobRig";

/** The heap of an ESP32-C3 and S3 under DeviceScript, as in the VM. */
const HEAP_BYTES = 65_536;
/** What the program flash holds besides settings (partition fstor, 256 KB, less two 16 KB settings areas). */
const PROGRAM_BYTES = 224 * 1024;
/** Measured: 20.1 KB. An import takes 5 KB of it, and because DeviceScript never moves memory the rest lies in small pieces. */
const HEADROOM_BYTES = 18_000;

describe("memory", () => {
  it.each([50, 250])(
    "has headroom among %i neighbours",
    async (neighbours) => {
      const { image } = await buildBytecode("wearable-memory", "firmware/test/programs/wearableMemory.ts");
      const world = new World({ seed: `memory ${neighbours}` });
      const keyfob = new KeyfobRig(world, { image });
      world.run(2 * SECOND_US);
      keyfob.setClock();
      world.run(2 * SECOND_US);
      expect(keyfob.status().flags & 0xd).toBe(0xd);
      runAmong(keyfob, neighbours, 450);
      expect(keyfob.panics).toEqual([]);
      const counters = keyfob.counters();
      expect(counters.rowsWritten).toBeGreaterThan(neighbours * 5);
      if (neighbours < 100) expect(counters.rowsEarly).toBe(0);
      world.run(60 * SECOND_US);
      expect(keyfob.panics[0]?.code).toBe(60004);
      const stats = /(\d+) B used, (\d+) B free/.exec(keyfob.log.find((line) => line.startsWith("stats:")) ?? "");
      const free = Number(stats?.[2]);
      process.stdout.write(`free heap among ${neighbours} neighbours: ${free} of ${HEAP_BYTES} bytes\n`);
      expect(free).toBeGreaterThan(HEADROOM_BYTES);
    },
    120_000,
  );

  it("is enough for the program in flash", async () => {
    const { length } = await wearableImage();
    process.stdout.write(`bytecode of the wearable: ${length} bytes\n`);
    expect(length).toBeLessThan(PROGRAM_BYTES);
  });
});
