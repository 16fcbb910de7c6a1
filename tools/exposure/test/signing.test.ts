import { createHash, randomBytes } from "node:crypto";
import { chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeShardFile } from "../../../protocol/report/shardFile";
import { encodeUploadFile } from "../../../protocol/report/uploadFile";
import { sha256 } from "../../base/sha256";
import { parseFeedIndex, verifyIndex } from "../../feed/feedIndex";
import { isShardSigned } from "../../feed/genuineShard";
import { administer, publish } from "../administration";
import type { Core } from "../core";
import { ThreadedSigner } from "../feeds/signer";
import { dataFolder, FakeClock, makeUpload, testCore } from "./fixtures";

describe("A region's key", () => {
  let core: Core;
  const folder = () => join(core.directory.published, "v1", "keys");
  beforeAll(async () => {
    core = await testCore({ data: await dataFolder() }, new FakeClock(), new ThreadedSigner());
    const upload = encodeUploadFile(makeUpload({ hours: 3 }));
    await core.database.query("insert into intake (id, day, file) values ('1', 0, $1)", [upload]);
    await publish(core);
  });

  it("signs shards and index with the key it shows, and lists exactly the files there are", async () => {
    const { publicKey = "" } = await core.keys.show();
    const index = parseFeedIndex(await readFile(join(folder(), "index.json"), "utf8"));
    expect(verifyIndex(index, [Buffer.from(publicKey, "hex")])).toHaveLength(1);
    expect(() => verifyIndex({ ...index, chunks: index.chunks.slice(1) }, [Buffer.from(publicKey, "hex")])).toThrow(
      /changed/,
    );
    expect(() => verifyIndex(index, [randomBytes(32)])).toThrow(/no key that you trust/);
    for (const { number, bytes, sha256: digest, seeds } of index.chunks) {
      const file = await readFile(join(folder(), String(number)));
      const shard = decodeShardFile(sha256, file);
      expect([file.length, createHash("sha256").update(file).digest("hex"), shard.header.seeds]).toEqual([
        bytes,
        digest,
        seeds,
      ]);
      expect(isShardSigned(shard, Buffer.from(publicKey, "hex"))).toBe(true);
    }
    expect((await stat(core.directory.signingKey)).mode & 0o777).toBe(0o600);
  });

  it("takes up a new key at once, and the old key's readers trust it", async () => {
    const { publicKey: old = "" } = await core.keys.show();
    const { publicKey: fresh, keys } = await administer(core, { do: "keys-rotate" });
    expect(fresh).not.toBe(old);
    expect(keys).toHaveLength(2);
    const index = parseFeedIndex(await readFile(join(folder(), "index.json"), "utf8"));
    expect(index.publicKey).toBe(fresh);
    const trusted = verifyIndex(index, [Buffer.from(old, "hex")]);
    expect(trusted.map((key) => key.toString("hex"))).toEqual([old, fresh]);
    const forged = {
      ...index,
      keys: index.keys.map((key) => ({ ...key, endorsement: key.endorsement && `00${key.endorsement.slice(2)}` })),
    };
    expect(() => verifyIndex(forged as typeof index, [Buffer.from(old, "hex")])).toThrow(/no key that you trust/);
  });
});

describe("A key that was rotated", () => {
  const prepare = async () => {
    const core = await testCore({ data: await dataFolder() });
    await core.keys.prepare();
    return core;
  };

  it("comes into its own even if the rotation was interrupted at its last step", async () => {
    const core = await prepare();
    const old = await readFile(core.directory.signingKey);
    const { publicKey } = await core.keys.rotate();
    const file = core.directory.signingKey;
    await rename(file, `${file}.next`);
    await writeFile(file, old, { mode: 0o600 });
    await publish(core);
    expect((await core.keys.show()).publicKey).toBe(publicKey);
    await expect(readFile(`${file}.next`)).rejects.toThrow();
  });

  it("is not worked against by an instance that still has the old one", async () => {
    const core = await prepare();
    const old = await readFile(core.directory.signingKey);
    await core.keys.rotate();
    await writeFile(core.directory.signingKey, old);
    await expect(publish(core)).rejects.toThrow(/replaced on another instance/);
  });

  it("is refused at the start if its halves do not belong together", async () => {
    const core = await prepare();
    const file = core.directory.signingKey;
    const good = await readFile(file, "utf8");
    const { publicKey, secretKey } = JSON.parse(good) as Record<string, string>;
    // Each of the parts of a secret key that a public key depends on: its seed, and the public seed and root within it.
    for (const at of [0, 64, 127]) {
      const digit = secretKey?.[at] === "0" ? "1" : "0";
      const damaged = `${secretKey?.slice(0, at)}${digit}${secretKey?.slice(at + 1)}`;
      await writeFile(file, JSON.stringify({ publicKey, secretKey: damaged }));
      await expect(core.keys.prepare()).rejects.toThrow(/do not belong together/);
    }
    await writeFile(file, good);
    expect(await core.keys.prepare()).toBe(true);
  });

  it("is not used while others may read its file", async () => {
    const core = await prepare();
    await chmod(core.directory.signingKey, 0o640);
    await expect(publish(core)).rejects.toThrow(/can be read by others/);
  });
});
