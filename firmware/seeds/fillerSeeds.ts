import { copyBytes, readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import type { Sha256 } from "../../protocol/base/sha256";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import type { SettingsStore } from "../board/settingsStore";

const DOMAIN = Buffer.from("PACT-FILLER-v1", "utf8");
const SETTING = "filler";
/** Hours that share one secret, and secrets kept: 2,160 hours touch four such spans. */
const EPOCH_HOURS = 720;
const EPOCHS = 4;
const ENTRY_BYTES = 4 + SEED_BYTES;

/** A seed that was never chirped: SHA-256("PACT-FILLER-v1" || secret || u32(hour)), random to all who lack the secret. */
export function fillerSeed(sha256: Sha256, secret: Buffer, hour: number): Buffer {
  const message = Buffer.alloc(DOMAIN.length + SEED_BYTES + 4);
  message.set(DOMAIN, 0);
  message.set(secret, DOMAIN.length);
  writeU32(message, DOMAIN.length + SEED_BYTES, hour);
  return sha256(message);
}

/**
 * Stands in for the hours in which the keyfob was off. The same hour gets the same bytes in every export, so that two
 * exports do not differ there and so show nothing. A secret serves 30 days of hours and goes when they are too old to be
 * exported: then nobody, with the keyfob in hand, can tell any more which seeds of an old upload were real.
 */
export class FillerSeeds {
  private readonly sha256: Sha256;
  private readonly store: SettingsStore;
  private readonly randomBytes: (length: number) => Buffer;
  private secrets: Buffer;

  constructor(sha256: Sha256, store: SettingsStore, randomBytes: (length: number) => Buffer) {
    this.sha256 = sha256;
    this.store = store;
    this.randomBytes = randomBytes;
    this.secrets = Buffer.alloc(0);
  }

  /** Has the secrets ready for the 2,160 hours up to `nowHour`, and drops older ones. */
  async prepare(nowHour: number): Promise<void> {
    const stored = await this.store.get(SETTING);
    const old = stored ? stored : Buffer.alloc(0);
    const first = Math.floor(nowHour / EPOCH_HOURS) - (EPOCHS - 1);
    const secrets = Buffer.alloc(EPOCHS * ENTRY_BYTES);
    let isNew = old.length !== secrets.length;
    for (let i = 0; i < EPOCHS; i++) {
      const at = i * ENTRY_BYTES;
      writeU32(secrets, at, first + i);
      const from = findEpoch(old, first + i);
      if (from >= 0) copyBytes(secrets, at + 4, old, from + 4, SEED_BYTES);
      else {
        secrets.set(this.randomBytes(SEED_BYTES), at + 4);
        isNew = true;
      }
    }
    if (isNew) await this.store.set(SETTING, secrets);
    this.secrets = secrets;
  }

  /** The stand-in for one of the hours that `prepare` covered. */
  seed(hour: number): Buffer {
    const at = findEpoch(this.secrets, Math.floor(hour / EPOCH_HOURS));
    return fillerSeed(this.sha256, sliceCopy(this.secrets, at + 4, SEED_BYTES), hour);
  }

  async erase(): Promise<void> {
    this.secrets = Buffer.alloc(0);
    await this.store.remove(SETTING);
  }
}

function findEpoch(secrets: Buffer, epoch: number): number {
  for (let at = 0; at + ENTRY_BYTES <= secrets.length; at += ENTRY_BYTES) if (readU32(secrets, at) === epoch) return at;
  return -1;
}
