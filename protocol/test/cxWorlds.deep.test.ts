import { describe, expect, it } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import { CaseRunner } from "./cases";
import { CX_VECTORS, listWholeSeeds, placesOf } from "./cxCaseList";
import { runCasesInVm } from "./vm/runCases";

describe("Node and the DeviceScript VM", () => {
  it("make the same 2,048 identifiers of every generator vector, and refuse the next", async () => {
    const cases = listWholeSeeds();
    const runner = new CaseRunner(sha256, async () => undefined);
    const inNode: string[] = [];
    for (const { operation, inputs } of cases) inNode.push(await runner.run(operation, inputs));
    expect(CX_VECTORS.generator.every(({ ids }) => placesOf(ids).includes(2047))).toBe(true);
    expect(await runCasesInVm(cases)).toEqual(inNode);
  }, 300_000);
});
