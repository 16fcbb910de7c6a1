import { describe, expect, it } from "vitest";
import { ENGINES, storage, testCore } from "./fixtures";
import { raceForNumbers } from "./race";

const ROUNDS = 200;
const CONTENDERS = 50;

describe.each(ENGINES)("Two hundred races on %s", (engine) => {
  it(`each let one of ${CONTENDERS} uploads spend the number`, async ({ skip }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    expect(await raceForNumbers(await testCore(where), ROUNDS, CONTENDERS)).toEqual(Array(ROUNDS).fill(1));
  }, 120_000);
});

describe("Races on an engine where every statement is serializable, as in CockroachDB", () => {
  it("are won by one upload, after the retries that such an engine asks for", async ({ skip }) => {
    const where = await storage("PostgreSQL");
    if (where?.database === undefined) return skip("PostgreSQL is not installed");
    const database = `${where.database}&options=${encodeURIComponent("-c default_transaction_isolation=serializable")}`;
    const core = await testCore({ ...where, database });
    expect(await core.database.query("show transaction_isolation")).toEqual([
      { transaction_isolation: "serializable" },
    ]);
    expect(await raceForNumbers(core, 30, CONTENDERS)).toEqual(Array(30).fill(1));
  }, 120_000);
});
