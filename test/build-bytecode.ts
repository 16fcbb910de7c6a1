import { buildBytecode } from "../tools/build/bytecode";

/** Compiles every DeviceScript program once before the tests run, because the compiler cannot run twice at a time. */
export default async function buildAll(): Promise<void> {
  await buildBytecode("protocol-cases", "protocol/test/vm/main.ts");
  await buildBytecode("wearable", "firmware/main.ts");
  await buildBytecode("wearable-memory", "firmware/test/programs/wearableMemory.ts");
  await buildBytecode("repeater", "repeater/main.ts");
  await buildBytecode("chip-cases", "firmware/test/programs/chips.ts");
  await buildBytecode("flash-logs", "firmware/test/programs/flashLogs.ts");
}
