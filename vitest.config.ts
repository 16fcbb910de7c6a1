import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "build/**", "**/*.deep.test.ts"],
    globalSetup: ["test/build-bytecode.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Tests with real ports and processes can miss their moment on a busy machine; vitest reports each retry.
    retry: process.env.CI ? 1 : 0,
  },
});
