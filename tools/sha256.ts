import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import type { Sha256 } from "../protocol/sha256";

/** SHA-256 for protocol/ on the host. */
export const sha256: Sha256 = (message) => {
  const digest = nobleSha256(message);
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength);
};
