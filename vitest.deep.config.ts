import { defineConfig } from "vitest/config";

/** The checks that take long or need more than Node: see .ci/run. */
export default defineConfig({
  test: {
    include: ["**/*.deep.test.ts"],
    exclude: ["node_modules/**", "build/**"],
    globalSetup: ["test/build-bytecode.ts"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Tests with real ports and processes can miss their moment on a busy machine; vitest reports each retry.
    retry: process.env.CI ? 1 : 0,
  },
});
