import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { makeKey, makeShard, randomSeeds } from "../../cli/test/shardFixture";
import { checkRemoteChunk } from "../federation/remoteChunk";
import { START } from "./fixtures";

/** START is 30 minutes into an hour: the hour before has left the embargo for 18 minutes. */
const LAST_DUE = hourOfSeconds(START) - 1;

describe("A shard of another region", () => {
  const key = makeKey();
  const stranger = makeKey();
  const good = makeShard(key, "BB", 7, randomSeeds(LAST_DUE - 1, 2, 24));

  const check = (file: Buffer, now = START, keys = [key.publicKey], number = 7) => {
    const sha256 = createHash("sha256").update(file).digest("hex");
    checkRemoteChunk(file, { number, bytes: file.length, sha256, seeds: 24, published: now }, "BB", keys, now);
  };

  it("is taken if its region signed it, by any of its keys", () => {
    check(good);
    check(good, START, [stranger.publicKey, key.publicKey]);
    check(makeShard(key, "BB", 7, []));
  });

  it("is refused if it is another file, region's or number's, or was changed or signed by somebody else", () => {
    const listed = { number: 7, bytes: good.length, sha256: "00".repeat(32), seeds: 24, published: START };
    expect(() => checkRemoteChunk(good, listed, "BB", [key.publicKey], START)).toThrow(/not the file/);
    expect(() => check(good, START, [key.publicKey], 8)).toThrow(/is shard 7 of BB/);
    expect(() => check(makeShard(key, "CC", 7, randomSeeds(LAST_DUE, 1, 12)))).toThrow(/of CC/);
    expect(() => check(good, START, [stranger.publicKey])).toThrow(/not signed by a key of the region/);
    const forged = Buffer.from(good);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    expect(() => check(forged)).toThrow(/shard.signature/);
  });

  it("is refused while the embargo of its last hour lasts here, even if its region's clock is ahead", () => {
    const early = makeShard(key, "BB", 7, randomSeeds(LAST_DUE + 1, 1, 12));
    expect(() => check(early)).toThrow(/under embargo/);
    const overS = (LAST_DUE + 2) * 3600;
    expect(() => check(early, overS + 12 * 60 - 1)).toThrow(/under embargo/);
    check(early, overS + 12 * 60);
  });

  it("is refused with hours that no keyfob's log can reach, since every hour from there to now would be filled", () => {
    check(makeShard(key, "BB", 7, randomSeeds(LAST_DUE - 400 * 24, 1, 12)));
    expect(() => check(makeShard(key, "BB", 7, randomSeeds(0, 1, 12)))).toThrow(/older than any service keeps/);
  });
});
