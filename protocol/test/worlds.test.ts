import { describe, expect, it } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import { listCases } from "./caseList";
import { CaseRunner } from "./cases";
import { runCasesInVm } from "./vm/runCases";

/** Valid cases drawn for each kind, and hostile inputs for each of the eight decoders: some 5,000 cases in all. */
const PER_OPERATION = 100;
const HOSTILE = 400;
const FLIPS = 200;

describe("Node and the DeviceScript VM", () => {
  it("give the same answer, byte for byte, to every case of the shared list", async () => {
    const cases = listCases(PER_OPERATION, HOSTILE, FLIPS);
    const runner = new CaseRunner(sha256, async () => undefined);
    const inNode: string[] = [];
    for (const { operation, inputs } of cases) inNode.push(await runner.run(operation, inputs));

    const inVm = await runCasesInVm(cases);
    expect(inVm).toHaveLength(cases.length);
    const differing = cases.flatMap(({ operation, inputs }, i) =>
      inVm[i] === inNode[i]
        ? []
        : [{ operation, inputs: inputs.map((b) => b.toString("hex").slice(0, 400)), node: inNode[i], vm: inVm[i] }],
    );
    expect(differing).toEqual([]);

    const refused = inNode.filter((line) => line.startsWith("!")).length;
    expect(refused, "hostile cases refused").toBeGreaterThan(2000);
    expect(inNode.filter((line) => line === "valid")).toHaveLength(1);
    expect(inNode.filter((line) => line === "invalid")).toHaveLength(FLIPS);
  }, 300_000);
});
