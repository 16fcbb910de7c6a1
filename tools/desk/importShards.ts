import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../protocol/base/formatError";
import { decodeShardHeader, keyIdOf, SHARD_HEADER_BYTES, type ShardHeader } from "../../protocol/report/shard";
import { shardFileBytes } from "../../protocol/report/shardFile";
import { cannotRead, FileError, readWhole } from "../base/files";
import { retry } from "../base/retry";
import { sha256 } from "../base/sha256";
import { DeviceError } from "../keyfob/deviceError";
import type { RegionKey } from "../keyfob/keyfobWire";
import { importShard } from "../keyfob/shardImport";
import { DeskError } from "./deskError";
import type { Work } from "./events";
import type { KeyfobSession } from "./session";

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

/** What came of an import, and why what was refused was. */
export interface ImportOutcomes {
  readonly report: ImportReport;
  /** For each region whose shards were not sent: why, and what to do. */
  readonly untrusted: readonly string[];
}

/** Times that a cable may be pulled within one shard before the command gives up. */
const MAX_LOSSES = 20;
const AFTER_LOSS_MS = 200;
/** The blocks of a shard have 32 MB at most, header and signature 8 kB. */
const MAX_FILE_BYTES = 33_000_000;

/** Reads the headers of files and of the shard files in folders, oldest first within each region. */
export async function readShardFiles(paths: readonly string[]): Promise<LocalShard[]> {
  const files: string[] = [];
  for (const path of paths) {
    const entry = await stat(path).catch(() => undefined);
    if (!entry) throw new FileError("unreadable", `cannot read ${path}: there is no such file or folder`);
    if (!entry.isDirectory()) files.push(path);
    else for (const name of await namesIn(path)) if (name.endsWith(".shard")) files.push(join(path, name));
  }
  if (files.length === 0)
    throw new DeskError("input", `there are no shards in ${paths.join(", ")}: "chirpfob shards fetch" brings some`);
  const shards: LocalShard[] = [];
  for (const path of files) {
    const bytes = await readWhole(path, MAX_FILE_BYTES);
    shards.push({ path, header: readHeader(path, bytes), bytes: bytes.length });
  }
  return shards.sort((a, b) =>
    a.header.region === b.header.region ? a.header.chunk - b.header.chunk : a.header.region < b.header.region ? -1 : 1,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive: true })).sort();
  } catch (error) {
    throw cannotRead(folder, error);
  }
}

function readHeader(path: string, bytes: Buffer): ShardHeader {
  try {
    const header = decodeShardHeader(bytes.subarray(0, SHARD_HEADER_BYTES));
    if (bytes.length === shardFileBytes(header.blocks)) return header;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new DeskError("input", `${path} is not valid: ${error.message}`);
  }
  throw new DeskError("input", `${path} is cut off or damaged: fetch it again`);
}

/**
 * Brings shards to a keyfob, in order; those that it knows are not sent. Nor are those that it would not believe, while other
 * regions' are: whoever fetches from all regions need not trust each.
 */
export async function importFiles(session: KeyfobSession, shards: readonly LocalShard[]): Promise<ImportOutcomes> {
  const held = await session.keyfob.regionKeys();
  const fresh = shards.filter(({ header }) => header.chunk > lastChunk(held, header.region));
  const untrusted = new Map<string, LocalShard>();
  for (const shard of fresh) {
    const { region } = shard.header;
    if (!untrusted.has(region) && !trusts(held, shard.header)) untrusted.set(region, shard);
  }
  const { tell } = session;
  // A keyfob takes a region's shards in order, and never one before its last: so a gap must not be sent over.
  const due = fresh.filter(({ header }) => header.chunk < (untrusted.get(header.region)?.header.chunk ?? Infinity));
  tellGaps(held, due, tell);
  const total = due.reduce((sum, { bytes }) => sum + bytes, 0);
  const startedAt = performance.now();
  let before = 0;
  let verified = 0;
  try {
    for (const shard of due) {
      const outcome = await importOne(session, shard, (bytes) =>
        tell({ kind: "progress", task: "import", done: before + bytes, of: total }),
      );
      if (outcome === "verified") verified++;
      before += shard.bytes;
    }
  } finally {
    tell({ kind: "over", task: "import" });
  }
  return {
    report: {
      verified,
      skipped: shards.length - (fresh.length - due.length) - verified,
      refused: fresh.length - due.length,
      bytes: before,
      seconds: (performance.now() - startedAt) / 1000,
    },
    untrusted: [...untrusted.values()].map((shard) => whyUntrusted(held, shard)),
  };
}

/** Imports one shard, however often the cable is pulled meanwhile. */
async function importOne(session: KeyfobSession, shard: LocalShard, onBytes: (bytes: number) => void) {
  const file = await readWhole(shard.path, MAX_FILE_BYTES);
  const { signal, tell } = session;
  return retry(
    async (attempt) => {
      if (attempt > 1) {
        await session.reconnect();
        tell({ kind: "pluggedIn" });
      }
      return importShard(session.keyfob, file, { transferred: onBytes }, signal);
    },
    {
      pauseMs: AFTER_LOSS_MS,
      attempts: MAX_LOSSES + 1,
      mayPass: isLineLoss,
      onRetry: () => tell({ kind: "unplugged" }),
      signal,
    },
  );
}

/** Whether an error means that the line broke, so that reconnecting may help. */
function isLineLoss(error: unknown): boolean {
  return error instanceof DeviceError && (error.kind === "lost" || error.kind === "noAnswer");
}

/** Tells of shards that are passed over for good: a keyfob takes none before the last that it checked. */
function tellGaps(held: readonly RegionKey[], due: readonly LocalShard[], tell: Work["tell"]): void {
  const newest = new Map<string, number>();
  for (const { header } of due) {
    const { region } = header;
    const before = newest.get(region) ?? lastChunk(held, region);
    const [first, last] = [before + 1, header.chunk - 1];
    // Of a region that is new to the keyfob, the first that is here is where it begins.
    if (before >= 0 && first <= last) tell({ kind: "passedOver", region, first, last });
    newest.set(region, header.chunk);
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
