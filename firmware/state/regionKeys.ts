import { compareBytes, readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import { encodeRegion, REGION_BYTES } from "../../protocol/base/region";
import type { Sha256 } from "../../protocol/base/sha256";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../protocol/crypto/slhDsa";
import { KEY_ID_BYTES, keyIdOf } from "../../protocol/report/shard";
import type { SettingsStore } from "../board/settingsStore";

/** Most keys held. */
export const MAX_REGION_KEYS = 8;

/** Stands for "no chunk of this region was verified yet". */
export const NO_CHUNK = 0xffffffff;

// One setting a key: region 6 | public key 32 | last verified chunk u32
const KEY_AT = REGION_BYTES;
const CHUNK_AT = KEY_AT + SLH_DSA_PUBLIC_KEY_BYTES;
const ENTRY_BYTES = CHUNK_AT + 4;

/** The public keys whose shards this keyfob believes, and how far each region's shards have been verified. */
export class RegionKeys {
  private readonly store: SettingsStore;
  private readonly sha256: Sha256;
  private entries: Buffer[];

  constructor(store: SettingsStore, sha256: Sha256) {
    this.store = store;
    this.sha256 = sha256;
    this.entries = [];
  }

  async load(): Promise<void> {
    for (let i = 0; i < MAX_REGION_KEYS; i++) {
      const entry = await this.store.get(slot(i));
      if (entry && entry.length === ENTRY_BYTES) this.entries.push(sliceCopy(entry, 0, ENTRY_BYTES));
    }
  }

  count(): number {
    return this.entries.length;
  }

  /** Region and public key, 38 bytes, of the index-th key. */
  trust(index: number): Buffer {
    return sliceCopy(this.entries[index], 0, CHUNK_AT);
  }

  /** The highest chunk number verified of the index-th key's region, or NO_CHUNK. */
  lastChunk(index: number): number {
    return readU32(this.entries[index], CHUNK_AT);
  }

  /** Whether this key of a region is held. */
  holds(region: Buffer, publicKey: Buffer): boolean {
    for (const entry of this.entries)
      if (
        compareBytes(entry, 0, region, 0, REGION_BYTES) === 0 &&
        compareBytes(entry, KEY_AT, publicKey, 0, SLH_DSA_PUBLIC_KEY_BYTES) === 0
      )
        return true;
    return false;
  }

  /** @returns false if there is no room; a key that is already held is no other */
  async add(region: Buffer, publicKey: Buffer): Promise<boolean> {
    if (this.holds(region, publicKey)) return true;
    if (this.entries.length >= MAX_REGION_KEYS) return false;
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.set(region, 0);
    entry.set(publicKey, KEY_AT);
    writeU32(entry, CHUNK_AT, this.verifiedOf(region));
    this.entries.push(entry);
    await this.store.set(slot(this.entries.length - 1), entry);
    return true;
  }

  /** @returns false if no such key is held */
  async remove(region: Buffer, keyId: Buffer): Promise<boolean> {
    const index = this.find(region, keyId);
    if (index < 0) return false;
    const last = this.entries.length - 1;
    if (index !== last) {
      this.entries[index] = this.entries[last];
      await this.store.set(slot(index), this.entries[index]);
    }
    this.entries = this.entries.slice(0, last);
    await this.store.remove(slot(last));
    return true;
  }

  /** The 32-byte public key of a region's shards with `keyId`, or undefined if it is not trusted. */
  publicKey(region: string, keyId: Buffer): Buffer | undefined {
    const index = this.find(encodeRegion(region), keyId);
    return index < 0 ? undefined : sliceCopy(this.entries[index], KEY_AT, SLH_DSA_PUBLIC_KEY_BYTES);
  }

  /** The highest chunk number verified of a region, or NO_CHUNK. */
  verified(region: string): number {
    return this.verifiedOf(encodeRegion(region));
  }

  /** Notes that a region's shard `chunk` was verified. */
  async noteVerified(region: string, chunk: number): Promise<void> {
    const bytes = encodeRegion(region);
    for (let i = 0; i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (compareBytes(entry, 0, bytes, 0, REGION_BYTES) !== 0) continue;
      const before = readU32(entry, CHUNK_AT);
      if (before !== NO_CHUNK && before >= chunk) continue;
      writeU32(entry, CHUNK_AT, chunk);
      await this.store.set(slot(i), entry);
    }
  }

  async erase(): Promise<void> {
    for (let i = 0; i < this.entries.length; i++) await this.store.remove(slot(i));
    this.entries = [];
  }

  private find(region: Buffer, keyId: Buffer): number {
    for (let i = 0; i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (compareBytes(entry, 0, region, 0, REGION_BYTES) !== 0) continue;
      if (
        compareBytes(
          keyIdOf(this.sha256, sliceCopy(entry, KEY_AT, SLH_DSA_PUBLIC_KEY_BYTES)),
          0,
          keyId,
          0,
          KEY_ID_BYTES,
        ) === 0
      )
        return i;
    }
    return -1;
  }

  private verifiedOf(region: Buffer): number {
    for (const entry of this.entries)
      if (compareBytes(entry, 0, region, 0, REGION_BYTES) === 0) return readU32(entry, CHUNK_AT);
    return NO_CHUNK;
  }
}

function slot(index: number): string {
  return `region${index}`;
}
