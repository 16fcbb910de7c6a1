// Permission numbers: issued to a provider, handed to a person, spent by one upload. The table holds only numbers that
// can still be spent, so "used", "revoked", "expired" and "never issued" are one and the same state: absent.

import { randomBytes } from "node:crypto";
import { encodePermissionNumber, PERMISSION_BYTES } from "../../../protocol/report/permissionNumber";
import { type Clock, dayOfSeconds } from "../../daemon/clock";
import type { Database } from "../../daemon/database/database";
import { ServiceError } from "../../daemon/errors";
import type { PermissionKey } from "./permissionKey";

/** Days for which a number is good unless it is issued with another span (docs/protocol.md, "Permission number"). */
export const DEFAULT_EXPIRY_DAYS = 14;

/** Most numbers in one request. */
export const MAX_ISSUE = 10_000;

const MAX_EXPIRY_DAYS = 365;
const MAX_PROVIDER_CHARACTERS = 64;
const INSERT_BATCH = 500;

/** How a provider's numbers stand. They add up: issued = unused + used + revoked + expired. */
export interface PermissionStats {
  readonly provider: string;
  readonly issued: number;
  readonly unused: number;
  readonly used: number;
  readonly revoked: number;
  readonly expired: number;
}

export class Permissions {
  constructor(
    private readonly database: Database,
    private readonly key: PermissionKey,
    private readonly now: Clock,
  ) {}

  /**
   * Makes `count` fresh numbers for `provider`; this answer is the only place where they can ever be read.
   * @param expiresDays whole days for which they are good; a number still works on its last day (UTC)
   */
  async issue(provider: string, count: number, expiresDays = DEFAULT_EXPIRY_DAYS): Promise<string[]> {
    expectProvider(provider);
    expectWhole("count", count, 1, MAX_ISSUE);
    expectWhole("expiry in days", expiresDays, 1, MAX_EXPIRY_DAYS);
    const expiresDay = dayOfSeconds(this.now()) + expiresDays;
    const numbers = Array.from({ length: count }, () => randomBytes(PERMISSION_BYTES));
    // Stored in the order of their hashes, which is no order at all.
    const hashes = numbers.map((number) => this.key.hashNumber(number).toString("hex")).sort();
    await this.database.transaction(async (session) => {
      await session.query(
        `insert into provider (name, issued, revoked, expired) values ($1, $2, 0, 0)
         on conflict (name) do update set issued = provider.issued + excluded.issued`,
        [provider, count],
      );
      for (let i = 0; i < count; i += INSERT_BATCH)
        await session.query(
          `insert into permission (hash, provider, expires_day)
           select decode(hash, 'hex'), $2::text, $3::integer from unnest(string_to_array($1, ',')) as hash`,
          [hashes.slice(i, i + INSERT_BATCH).join(","), provider, expiresDay],
        );
    });
    return numbers.map((number) => encodePermissionNumber(number));
  }

  /** Withdraws one number; returns whether it was still good. @param number 16 bytes */
  async revoke(number: Buffer): Promise<boolean> {
    const revoked = await this.database.transaction(async (session) => {
      const rows = await session.query<{ provider: string }>(
        "delete from permission where hash = $1 and expires_day >= $2 returning provider",
        [this.key.hashNumber(number), dayOfSeconds(this.now())],
      );
      for (const { provider } of rows)
        await session.query("update provider set revoked = revoked + 1 where name = $1", [provider]);
      return rows.length;
    });
    return revoked > 0;
  }

  /** Withdraws every number of `provider` that is still good; returns how many. */
  async revokeProvider(provider: string): Promise<number> {
    expectProvider(provider);
    return this.database.transaction(async (session) => {
      const rows = await session.query(
        "delete from permission where provider = $1 and expires_day >= $2 returning provider",
        [provider, dayOfSeconds(this.now())],
      );
      await session.query("update provider set revoked = revoked + $2 where name = $1", [provider, rows.length]);
      return rows.length;
    });
  }

  /** Counts by provider, in alphabetical order. */
  async stats(): Promise<PermissionStats[]> {
    const rows = await this.database.query<Omit<PermissionStats, "used"> & { lapsed: number }>(
      `select name as provider, issued, revoked, expired,
         (select count(*) from permission where provider = provider.name and expires_day >= $1) as unused,
         (select count(*) from permission where provider = provider.name and expires_day < $1) as lapsed
       from provider order by name`,
      [dayOfSeconds(this.now())],
    );
    return rows.map(({ provider, issued, revoked, expired, unused, lapsed }) => ({
      provider,
      issued,
      unused,
      used: issued - unused - lapsed - revoked - expired,
      revoked,
      expired: expired + lapsed,
    }));
  }

  /** Deletes what has expired; only its number is kept. */
  async sweep(): Promise<void> {
    await this.database.transaction(async (session) => {
      const rows = await session.query<{ provider: string }>(
        "delete from permission where expires_day < $1 returning provider",
        [dayOfSeconds(this.now())],
      );
      const counts = new Map<string, number>();
      for (const { provider } of rows) counts.set(provider, (counts.get(provider) ?? 0) + 1);
      for (const [provider, count] of counts)
        await session.query("update provider set expired = expired + $2 where name = $1", [provider, count]);
    });
  }
}

function expectProvider(provider: string): void {
  if (provider.length < 1 || provider.length > MAX_PROVIDER_CHARACTERS || /\p{C}/u.test(provider))
    throw new ServiceError(`a provider's name must be 1 to ${MAX_PROVIDER_CHARACTERS} printable characters`);
}

function expectWhole(what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ServiceError(`the ${what} must be a whole number from ${min} to ${max}`);
}
