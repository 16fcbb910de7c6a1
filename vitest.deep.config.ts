import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, or mostly wait for programs: they begin first, so that the others run beside them. */
const FIRST = [
  "test/documents/documents.deep.test.ts",
  "tools/cli/test/keyfobCommands.deep.test.ts",
  "tools/keyfob/test/keyfobDevice.deep.test.ts",
  "tools/rehearsal/test/loop.deep.test.ts",
  "repeater/test/shop.deep.test.ts",
  "tools/sim/test/longLife.deep.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = FIRST.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? FIRST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** The checks that take long or need more than Node: see .ci/run. */
export default defineConfig({
  test: {
    include: ["**/*.deep.test.ts"],
    exclude: ["node_modules/**", "build/**"],
    globalSetup: ["test/build-bytecode.ts"],
    sequence: { sequencer: LongestFirst },
    testTimeout: 600_000,
    hookTimeout: 300_000,
    // Two more than the processors that it needs: the longest files, with real ports and processes, wait for most of their time.
    maxWorkers: 4,
    // Tests with real ports and processes can miss their moment on a busy machine; the reporter names each retry, and fails a run
    // with more than one.
    retry: process.env.CI ? 1 : 0,
    reporters: process.env.CI ? ["default", "./test/retryReporter.ts"] : ["default"],
  },
});
