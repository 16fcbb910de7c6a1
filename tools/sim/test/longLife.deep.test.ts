import { describe, expect, it } from "vitest";
import { buildBytecode } from "../../build/bytecode";
import { World } from "../world/world";

const DAY_US = 86_400e6;

describe("90 simulated days", () => {
  it("pass for a program that restarts before day 49, without losing one", async () => {
    const { image } = await buildBytecode("sim-long-life", "tools/sim/test/programs/longLife.ts");
    const world = new World({ seed: "long life" });
    const days: { line: string; day: number }[] = [];
    let resets = 0;
    world.add({
      image,
      clock: { driftPpm: 20 },
      onLog: (line) => line.startsWith("> day") && days.push({ line, day: world.nowUs / DAY_US }),
      onReset: () => resets++,
    });
    world.run(90 * DAY_US);
    expect(resets).toBe(2);
    expect(days).toHaveLength(90);
    days.forEach(({ line, day }, i) => {
      expect(line).toBe(`> day ${i + 1}`);
      expect(Math.abs(day - (i + 1))).toBeLessThan(0.01);
    });
  }, 900_000);
});
