import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CX_VECTORS } from "../../../protocol/test/cxCaseList";
import type { PublicationToWrite } from "../publication";

/** The private key of that name in the vectors: for tests only, anybody has it. */
export function privateKeyOf(name: string): KeyObject {
  return createPrivateKey({
    key: Buffer.from(CX_VECTORS.keys[name]?.pkcs8 ?? "", "hex"),
    format: "der",
    type: "pkcs8",
  });
}

export function certificateOf(name: string): X509Certificate {
  return new X509Certificate(CX_VECTORS.certificates[name] ?? "");
}

export const ZONE = "https://cx.example/nowhere/publisher.json";

/** 2026-11-20 10:00:00 UTC. */
export const PUBLISHED_AT = Date.UTC(2026, 10, 20, 10) / 1000;

export function samplePublication(changes: Partial<PublicationToWrite> = {}): PublicationToWrite {
  return {
    zone: ZONE,
    aggregated: true,
    publishedAt: PUBLISHED_AT,
    nextUpdateNotBefore: PUBLISHED_AT + 3000,
    nextUpdateNotAfter: PUBLISHED_AT + 3600,
    excludesPublishedBefore: undefined,
    seeds: [
      { generatorType: 1, seed: Buffer.alloc(24, 7), alertLevel: 5, use: { iterations: 96, day: 20_777 } },
      { generatorType: 2, seed: Buffer.alloc(48, 1), alertLevel: 4, use: { iterations: 1, day: 20_778 } },
      { generatorType: 1, seed: Buffer.alloc(24, 3), alertLevel: 5, use: { iterations: 2048, day: 20_779 } },
    ],
    updateUrls: ["https://cx.example/nowhere/2026112010", "https://cx.example/nowhere/full"],
    ...changes,
  };
}
