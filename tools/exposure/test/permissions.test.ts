import { beforeAll, describe, expect, it } from "vitest";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { ServiceError } from "../../daemon/errors";
import type { Core } from "../core";
import { ENGINES, FakeClock, storage, testCore, uploadBytes } from "./fixtures";

const RECEIPT = Buffer.alloc(16, 7);

describe.each(ENGINES)("Permission numbers on %s", (engine) => {
  const clock = new FakeClock();
  let core: Core | undefined;
  beforeAll(async () => {
    const where = await storage(engine);
    core = where && (await testCore(where, clock));
  });

  const take = (text: string) => core?.uploads.take(decodePermissionNumber(text), RECEIPT, uploadBytes());

  it("are distinct, and no provider ever gets another's", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [elm, oak] = [await core.permissions.issue("Elm", 700), await core.permissions.issue("Oak", 700)];
    expect(new Set([...elm, ...oak]).size).toBe(1400);
    const rows = await core.database.query(
      "select provider, count(*) as n from permission group by provider order by provider",
    );
    expect(rows).toEqual([
      { provider: "Elm", n: 700 },
      { provider: "Oak", n: 700 },
    ]);
  });

  it("are stored as keyed hashes only", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [text = ""] = await core.permissions.issue("Keyed", 1);
    const number = decodePermissionNumber(text);
    const { createHash } = await import("node:crypto");
    const unkeyed = createHash("sha256").update(number).digest();
    for (const { hash } of await core.database.query<{ hash: Buffer }>("select hash from permission")) {
      expect(hash).toHaveLength(32);
      expect(hash.includes(number)).toBe(false);
      expect(hash.equals(unkeyed)).toBe(false);
    }
  });

  it("are spent by one upload, and stay good through their last day and no longer", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [used = "", last = "", late = ""] = await core.permissions.issue("Days", 3, 2);
    expect(await take(used)).toBe("accepted");
    expect(await core.uploads.take(decodePermissionNumber(used), Buffer.alloc(16, 8), uploadBytes())).toBe("refused");
    clock.advance({ days: 2 });
    expect(await take(last)).toBe("accepted");
    clock.advance({ days: 1 });
    expect(await take(late)).toBe("refused");
    expect((await core.permissions.stats()).find(({ provider }) => provider === "Days")).toEqual({
      provider: "Days",
      issued: 3,
      unused: 0,
      used: 2,
      revoked: 0,
      expired: 1,
    });
    await core.permissions.sweep();
    const swept = (await core.permissions.stats()).find(({ provider }) => provider === "Days");
    expect(swept).toMatchObject({ used: 2, expired: 1 });
  });

  it("can be withdrawn one by one or all of a provider's, and the counts add up", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [one = "", two = ""] = await core.permissions.issue("Withdrawn", 10);
    expect(await core.permissions.revoke(decodePermissionNumber(one))).toBe(true);
    expect(await core.permissions.revoke(decodePermissionNumber(one))).toBe(false);
    expect(await take(one)).toBe("refused");
    expect(await take(two)).toBe("accepted");
    expect(await core.permissions.revokeProvider("Withdrawn")).toBe(8);
    expect((await core.permissions.stats()).find(({ provider }) => provider === "Withdrawn")).toEqual({
      provider: "Withdrawn",
      issued: 10,
      unused: 0,
      used: 1,
      revoked: 9,
      expired: 0,
    });
  });

  it("are refused to impossible requests with a reason", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    for (const [provider, count, days] of [
      ["", 1, 14],
      ["x".repeat(65), 1, 14],
      ["bell\u0007", 1, 14],
      ["P", 0, 14],
      ["P", 1.5, 14],
      ["P", 10_001, 14],
      ["P", 1, 0],
    ] as const)
      await expect(core.permissions.issue(provider, count, days)).rejects.toThrow(ServiceError);
  });
});
