// The region's signing key: the secret half in one file of mode 0600, the public halves in the database, so that every
// instance can list them.

import { readFile, rename, stat } from "node:fs/promises";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";
import { z } from "zod";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { KEY_ID_BYTES, keyIdOf, SHARD_SIGNATURE_CONTEXT } from "../../../protocol/report/shard";
import { writeAtomically } from "../../base/files";
import { sha256 } from "../../base/sha256";
import type { Database } from "../../daemon/database/database";
import { ServiceError } from "../../daemon/errors";
import {
  type FeedIndex,
  type FeedKey,
  INDEX_SIGNATURE_CONTEXT,
  indexDigest,
  KEY_SIGNATURE_CONTEXT,
} from "../../feed/feedIndex";
import type { Signer } from "./signer";

const SECRET_KEY_BYTES = 64;
const OTHERS_MAY_READ = 0o077;

const hexBytes = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
    .transform((text) => Buffer.from(text, "hex"));

/** The key's file. */
const PAIR = z.object({ publicKey: hexBytes(SLH_DSA_PUBLIC_KEY_BYTES), secretKey: hexBytes(SECRET_KEY_BYTES) });

/** A key pair in memory. */
interface KeyPair {
  readonly publicKey: Buffer;
  readonly secretKey: Buffer;
}

/** What `chirpfob keys show` prints. */
export interface KeySummary {
  /** Hexadecimal; undefined where this instance has no signing key and therefore does not publish. */
  readonly publicKey?: string;
  /** First 8 bytes of its SHA-256, as in every shard's header. */
  readonly keyId?: string;
  /** All keys so far, oldest first. */
  readonly keys: readonly FeedKey[];
}

export class KeyRing {
  /** @param file path of the secret key */
  constructor(
    private readonly file: string,
    private readonly database: Database,
    private readonly signer: Signer,
  ) {}

  /** Makes the region's first key. @throws ServiceError if there is one already */
  async generate(): Promise<KeySummary> {
    if ((await this.readPair()) !== undefined || (await this.publicKeys()).length > 0)
      throw new ServiceError("there is a signing key already: `keys show` prints it, `keys rotate` replaces it");
    const pair = newPair();
    await this.writePair(pair);
    await this.register({ publicKey: pair.publicKey.toString("hex") });
    return this.show();
  }

  /**
   * Replaces the key: the old one endorses the new, so that readers who trust the old one need not be told, and is then
   * overwritten.
   */
  async rotate(): Promise<KeySummary> {
    const old = await this.currentPair();
    const pair = newPair();
    // On disk before it is announced: a crash in between must not leave the region with a key that nobody has.
    await this.writePair(pair, this.successorFile);
    const endorsement = await this.signer.sign(pair.publicKey, old.secretKey, KEY_SIGNATURE_CONTEXT);
    await this.register({
      publicKey: pair.publicKey.toString("hex"),
      endorsedBy: old.publicKey.toString("hex"),
      endorsement: endorsement.toString("hex"),
    });
    await rename(this.successorFile, this.file);
    return this.show();
  }

  async show(): Promise<KeySummary> {
    const pair = await this.readPair();
    const keys = await this.publicKeys();
    if (pair === undefined) return { keys };
    return { publicKey: pair.publicKey.toString("hex"), keyId: keyIdOf(sha256, pair.publicKey).toString("hex"), keys };
  }

  /**
   * Whether this instance can publish. Makes the first key of a new database, and refuses a key that the database does
   * not know, or whose halves do not belong together: nobody could verify what it signs.
   */
  async prepare(): Promise<boolean> {
    const pair = await this.readPair();
    if (pair !== undefined) expectPair(this.file, pair);
    const known = await this.publicKeys();
    if (known.length === 0) {
      if (pair === undefined) await this.generate();
      else await this.register({ publicKey: pair.publicKey.toString("hex") });
      return true;
    }
    if (pair !== undefined && !known.some(({ publicKey }) => publicKey === pair.publicKey.toString("hex")))
      throw new ServiceError(
        `${this.file} is not a key of this database's region: remove it (this instance then serves but does not publish) or copy the right one`,
      );
    return pair !== undefined;
  }

  /** Begins a publication: one key for all its signatures, whatever happens to the file meanwhile. */
  async open(): Promise<PublishingKey> {
    return new PublishingKey(await this.currentPair(), await this.publicKeys(), this.signer);
  }

  private get successorFile(): string {
    return `${this.file}.next`;
  }

  private async publicKeys(): Promise<FeedKey[]> {
    const rows = await this.database.query<{ public_key: string; endorsed_by: string; endorsement: string }>(
      "select public_key, endorsed_by, endorsement from signing_key order by serial",
    );
    return rows.map(({ public_key, endorsed_by, endorsement }) =>
      endorsed_by === "" ? { publicKey: public_key } : { publicKey: public_key, endorsedBy: endorsed_by, endorsement },
    );
  }

  private async register(key: FeedKey): Promise<void> {
    await this.database.query(
      `insert into signing_key (public_key, serial, endorsed_by, endorsement)
       select $1::text, coalesce(max(serial), 0) + 1, $2::text, $3::text from signing_key`,
      [key.publicKey, key.endorsedBy ?? "", key.endorsement ?? ""],
    );
  }

  /** The pair of the region's newest key. @throws ServiceError if this instance does not have it */
  private async currentPair(): Promise<KeyPair> {
    const pair = await this.readPair();
    if (pair === undefined)
      throw new ServiceError(`there is no signing key in ${this.file}: run this where the region's key is kept`);
    const newest = (await this.publicKeys()).at(-1)?.publicKey;
    if (pair.publicKey.toString("hex") === newest) return pair;
    const successor = await this.readPair(this.successorFile);
    if (successor === undefined || successor.publicKey.toString("hex") !== newest)
      throw new ServiceError(
        `${this.file} holds a key that was replaced on another instance: copy the new one from there`,
      );
    // The last rotation was interrupted at its last step.
    await rename(this.successorFile, this.file);
    return successor;
  }

  private async readPair(file = this.file): Promise<KeyPair | undefined> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    if (((await stat(file)).mode & OTHERS_MAY_READ) !== 0)
      throw new ServiceError(`${file} can be read by others: chmod 600 it, and rotate the key if someone may have`);
    return parsePair(file, text);
  }

  private writePair({ publicKey, secretKey }: KeyPair, file = this.file): Promise<void> {
    const text = JSON.stringify({ publicKey: publicKey.toString("hex"), secretKey: secretKey.toString("hex") });
    return writeAtomically(file, `${text}\n`, 0o600);
  }
}

/** The key of one publication. */
export class PublishingKey {
  readonly keyId: Buffer;

  constructor(
    private readonly pair: KeyPair,
    private readonly keys: readonly FeedKey[],
    private readonly signer: Signer,
  ) {
    this.keyId = Buffer.from(keyIdOf(sha256, pair.publicKey)).subarray(0, KEY_ID_BYTES);
  }

  /** @param chain the end of the shard's hash chain, 32 bytes */
  signShard(chain: Buffer): Promise<Buffer> {
    return this.signer.sign(chain, this.pair.secretKey, SHARD_SIGNATURE_CONTEXT);
  }

  /** Completes an index with this region's keys and the signature; the JSON text as it is served. */
  async signIndex(list: Pick<FeedIndex, "region" | "feed" | "chunks">): Promise<string> {
    const index = { ...list, publicKey: this.pair.publicKey.toString("hex"), keys: this.keys };
    const digest = indexDigest(index);
    const signature = await this.signer.sign(digest, this.pair.secretKey, INDEX_SIGNATURE_CONTEXT);
    return `${JSON.stringify({ ...index, signature: signature.toString("hex") })}\n`;
  }

  /** Whether an index was signed with this key and lists the same keys. */
  isCurrent(index: FeedIndex): boolean {
    return index.publicKey === this.pair.publicKey.toString("hex") && index.keys.length === this.keys.length;
  }
}

function newPair(): KeyPair {
  const { publicKey, secretKey } = slh_dsa_sha2_128s.keygen();
  return { publicKey: Buffer.from(publicKey), secretKey: Buffer.from(secretKey) };
}

/** The secret half ends with its own public key, which follows from its seeds (FIPS 205, section 9.1). */
function expectPair(path: string, { publicKey, secretKey }: KeyPair): void {
  const derived = slh_dsa_sha2_128s.getPublicKey(secretKey);
  const n = publicKey.length / 2;
  const made = slh_dsa_sha2_128s.keygen(
    Buffer.concat([secretKey.subarray(0, 2 * n), secretKey.subarray(2 * n, 3 * n)]),
  );
  if (publicKey.equals(derived) && publicKey.equals(made.publicKey)) return;
  throw new ServiceError(
    `${path} is damaged: its secret and its public key do not belong together; restore it from a backup`,
  );
}

function parsePair(path: string, text: string): KeyPair {
  try {
    return PAIR.parse(JSON.parse(text));
  } catch {
    throw new ServiceError(`${path} is damaged: restore it from a backup`);
  }
}
