import { defineConfig } from "vitest/config";

/** `npm run test:quick`: what answers in seconds, and needs no bytecode. */
export default defineConfig({
  test: {
    include: [
      "test/architecture.test.ts",
      "protocol/test/{formats,matching,vectors}.test.ts",
      "tools/build/test/wire.test.ts",
      "firmware/test/agreement.test.ts",
    ],
    testTimeout: 30_000,
  },
});
