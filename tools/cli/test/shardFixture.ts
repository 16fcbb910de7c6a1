import { randomBytes } from "node:crypto";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";
import { keyIdOf, SHARD_SIGNATURE_CONTEXT } from "../../../protocol/report/shard";
import { layOutShard, packBlocks, type ReleasedSeed } from "../../../protocol/report/shardFile";
import { sha256 } from "../../base/sha256";

/** A region's signing key pair for tests. */
export interface TestKey {
  readonly publicKey: Buffer;
  readonly secretKey: Uint8Array;
}

export function makeKey(): TestKey {
  const { publicKey, secretKey } = slh_dsa_sha2_128s.keygen();
  return { publicKey: Buffer.from(publicKey), secretKey };
}

/** Signs a shard with the given seeds. */
export function makeShard(key: TestKey, region: string, chunk: number, released: readonly ReleasedSeed[]): Buffer {
  const published = 3600 * released.reduce((latest, { hour }) => Math.max(latest, hour + 2), 480_000);
  const identity = { region, chunk, published, keyId: keyIdOf(sha256, key.publicKey) };
  const { unsigned, chain } = layOutShard(sha256, identity, packBlocks(released));
  const signature = slh_dsa_sha2_128s.sign(chain, key.secretKey, { context: Buffer.from(SHARD_SIGNATURE_CONTEXT) });
  return Buffer.concat([unsigned, signature]);
}

/** `count` random seeds over `hours` hours from `firstHour` on. */
export function randomSeeds(firstHour: number, hours: number, count: number): ReleasedSeed[] {
  return Array.from({ length: count }, (_, i) => ({
    hour: firstHour + (i % hours),
    seed: randomBytes(32),
    reverse: false,
  }));
}
