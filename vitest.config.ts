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
    // Tests with real ports and processes can miss their moment on a busy machine; vitest reports each retry.
    retry: process.env.CI ? 1 : 0,
  },
});
