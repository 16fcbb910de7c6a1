import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeShardHeader, keyIdOf, SHARD_HEADER_BYTES, type ShardHeader } from "../../protocol/report/shard";
import { shardFileBytes } from "../../protocol/report/shardFile";
import { sha256 } from "../base/sha256";
import { pause } from "../keyfob/keyfob";
import type { RegionKey } from "../keyfob/keyfobWire";
import { importShard } from "../keyfob/shardImport";
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
  /** Shards that were not sent, because the keyfob does not trust their signer. */
  readonly refused: number;
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

/**
 * Brings shards to a keyfob, in order; those that it knows are not sent. Nor are those that it would not believe, while other
 * regions' are: whoever fetches from all regions need not trust each.
 *
 * @param onUntrusted told why a region's shards are refused, once for each region
 */
export async function importFiles(
  session: KeyfobSession,
  shards: readonly LocalShard[],
  onUntrusted: (why: string) => void,
): Promise<ImportReport> {
  const held = await session.keyfob.regionKeys();
  const fresh = shards.filter(({ header }) => header.chunk > lastChunk(held, header.region));
  const untrusted = new Map<string, LocalShard>();
  for (const shard of fresh) {
    const { region } = shard.header;
    if (!untrusted.has(region) && !trusts(held, shard.header)) untrusted.set(region, shard);
  }
  for (const shard of untrusted.values()) onUntrusted(whyUntrusted(held, shard));
  // A keyfob takes a region's shards in order, and never one before its last: so a gap must not be sent over.
  const due = fresh.filter(({ header }) => header.chunk < (untrusted.get(header.region)?.header.chunk ?? Infinity));
  noteGaps(held, due);
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
    skipped: shards.length - (fresh.length - due.length) - verified,
    refused: fresh.length - due.length,
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

/** Tells of shards that are passed over for good: a keyfob takes none before the last that it checked. */
function noteGaps(held: readonly RegionKey[], due: readonly LocalShard[]): void {
  const newest = new Map<string, number>();
  for (const { header } of due) {
    const before = newest.get(header.region) ?? lastChunk(held, header.region);
    const [first, last] = [before + 1, header.chunk - 1];
    // Of a region that is new to the keyfob, the first that is here is where it begins.
    if (before >= 0 && first <= last)
      note(
        `${first === last ? `Shard ${first}` : `Shards ${first} to ${last}`} of ${header.region} ${first === last ? "is" : "are"} not among these files, and the keyfob cannot search such later: next time, fetch all and import the folder.`,
      );
    newest.set(header.region, header.chunk);
  }
}

function trusts(held: readonly RegionKey[], { region, keyId }: ShardHeader): boolean {
  return held.some((entry) => entry.region === region && keyIdOf(sha256, entry.key).equals(keyId));
}

function whyUntrusted(held: readonly RegionKey[], { header: { region, keyId }, path }: LocalShard): string {
  return held.some((entry) => entry.region === region)
    ? `the keyfob does not trust the key (${keyId.toString("hex")}) that signed ${path}: if ${region}'s health service announced it, "chirpfob keys add ${region} KEY"`
    : `the keyfob trusts no key of ${region}, so it would not believe ${path}: get ${region}'s key from its health service, then "chirpfob keys add ${region} KEY"`;
}

function lastChunk(held: readonly RegionKey[], region: string): number {
  return Math.max(-1, ...held.filter((entry) => entry.region === region).map((entry) => entry.lastChunk ?? -1));
}
