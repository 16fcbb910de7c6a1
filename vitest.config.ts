import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "build/**", "**/*.deep.test.ts"],
    globalSetup: ["test/build-bytecode.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One more than the processors that it needs: tests with real ports and processes wait for some of their time.
    maxWorkers: 3,
    // Tests with real ports and processes can miss their moment on a busy machine; the reporter names each retry, and fails a run
    // with more than one.
    retry: process.env.CI ? 1 : 0,
    reporters: process.env.CI ? ["default", "./test/retryReporter.ts"] : ["default"],
  },
});
