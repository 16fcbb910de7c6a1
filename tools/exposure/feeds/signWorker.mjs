// Runs in a worker thread: a signature takes over a second of computing, during which the service must go on serving.
// Plain JavaScript, so that it starts whether the service was loaded through tsx, vitest or a bundle.

import { parentPort } from "node:worker_threads";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";

parentPort.on("message", ({ id, message, secretKey, context }) => {
  try {
    parentPort.postMessage({ id, signature: slh_dsa_sha2_128s.sign(message, secretKey, { context }) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error) });
  }
});
