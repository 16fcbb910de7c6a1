import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeShardHeader, keyIdOf, SHARD_HEADER_BYTES, type ShardHeader } from "../../protocol/shard";
import { shardFileBytes } from "../../protocol/shardFile";
import { pause } from "../device/keyfob";
import type { RegionKey } from "../device/keyfobWire";
import { importShard } from "../device/shardImport";
import { sha256 } from "../sha256";
import { isLineLoss, type KeyfobSession, noteUnplugged } from "./device";
import { CliError, EXIT } from "./errors";
import { note } from "./output";
import { decodeInput, readInput } from "./parse";
import { formatBytes, Progress } from "./progress";

/** A shard on this computer. */
export interface LocalShard {
  readonly path: string;
  readonly header: ShardHeader;
  readonly bytes: number;
}

export interface ImportReport {
  /** Shards that the keyfob has checked now. */
  readonly verified: number;
  /** Shards that it had checked before. */
  readonly skipped: number;
  /** Bytes that travelled, and how long the travelling and checking took. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Times that a cable may be pulled within one shard before the command gives up. */
const MAX_LOSSES = 20;
const AFTER_LOSS_MS = 200;

/** Reads the headers of files and of the shard files in folders, oldest first within each region. */
export async function readShardFiles(paths: readonly string[]): Promise<LocalShard[]> {
  const files: string[] = [];
  for (const path of paths) {
    const entry = await stat(path).catch(() => undefined);
    if (!entry) throw new CliError(EXIT.input, `cannot read ${path}: there is no such file or folder`);
    if (!entry.isDirectory()) files.push(path);
    else
      for (const name of (await readdir(path, { recursive: true })).sort())
        if (name.endsWith(".shard")) files.push(join(path, name));
  }
  if (files.length === 0)
    throw new CliError(EXIT.input, `there are no shards in ${paths.join(", ")}: "chirpfob shards fetch" brings some`);
  const shards: LocalShard[] = [];
  for (const path of files) {
    const bytes = await readInput(path);
    const header = decodeInput(path, () => decodeShardHeader(bytes.subarray(0, SHARD_HEADER_BYTES)));
    if (bytes.length !== shardFileBytes(header.blocks))
      throw new CliError(EXIT.input, `${path} is cut off or damaged: fetch it again`);
    shards.push({ path, header, bytes: bytes.length });
  }
  return shards.sort((a, b) =>
    a.header.region === b.header.region ? a.header.chunk - b.header.chunk : a.header.region < b.header.region ? -1 : 1,
  );
}

/** Brings shards to a keyfob, in order; those that it knows are not sent. */
export async function importFiles(session: KeyfobSession, shards: readonly LocalShard[]): Promise<ImportReport> {
  const held = await session.keyfob.regionKeys();
  for (const { header, path } of shards) expectKey(held, header, path);
  const due = shards.filter(({ header }) => header.chunk > lastChunk(held, header.region));
  const total = due.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = new Progress("Importing", { format: formatBytes });
  const startedAt = performance.now();
  let before = 0;
  let verified = 0;
  try {
    for (const shard of due) {
      const outcome = await importOne(session, shard, (bytes) => progress.update(before + bytes, total));
      if (outcome === "verified") verified++;
      before += shard.bytes;
    }
  } finally {
    progress.finish();
  }
  return {
    verified,
    skipped: shards.length - verified,
    bytes: before,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Imports one shard, however often the cable is pulled meanwhile. */
async function importOne(session: KeyfobSession, shard: LocalShard, onBytes: (bytes: number) => void) {
  const file = await readInput(shard.path);
  for (let losses = 0; ; losses++) {
    try {
      return await importShard(session.keyfob, file, { transferred: onBytes }, session.signal);
    } catch (error) {
      session.signal.throwIfAborted();
      if (!isLineLoss(error) || losses >= MAX_LOSSES) throw error;
      noteUnplugged();
      await pause(AFTER_LOSS_MS, session.signal);
      await session.reconnect();
      note("The keyfob is back; going on.");
    }
  }
}

function expectKey(held: readonly RegionKey[], { region, keyId }: ShardHeader, path: string): void {
  const ofRegion = held.filter((entry) => entry.region === region);
  if (ofRegion.some(({ key }) => keyIdOf(sha256, key).equals(keyId))) return;
  throw new CliError(
    EXIT.refused,
    ofRegion.length === 0
      ? `the keyfob trusts no key of ${region}, so it would not believe ${path}: get ${region}'s key from its health service, then "chirpfob keys add ${region} KEY"`
      : `the keyfob does not trust the key (${keyId.toString("hex")}) that signed ${path}: if ${region}'s health service announced it, "chirpfob keys add ${region} KEY"`,
  );
}

function lastChunk(held: readonly RegionKey[], region: string): number {
  return Math.max(-1, ...held.filter((entry) => entry.region === region).map((entry) => entry.lastChunk ?? -1));
}
