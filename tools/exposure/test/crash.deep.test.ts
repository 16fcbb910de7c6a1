import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { decodeShardFile } from "../../../protocol/report/shardFile";
import { encodeUploadFile } from "../../../protocol/report/uploadFile";
import { ROOT } from "../../../test/tools";
import { sha256 } from "../../base/sha256";
import { runCli } from "../../cli/test/runCli";
import { parseFeedIndex } from "../../feed/feedIndex";
import { cleanUpLater, ENGINES, makeUpload, sendUpload, storage } from "./fixtures";

const CHIRPFOB = join(ROOT, "bin/chirpfob.mjs");
const CRASHES = 6;
const UPLOADS_EACH = 6;

describe.each(ENGINES)("A service on %s that is killed again and again", (engine) => {
  it("loses no upload it accepted, leaves no gap in the feed and never shows half a shard", async ({ skip }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    const flags = ["--data", where.data, ...(where.database === undefined ? [] : ["--database", where.database])];
    const lastHour = hourOfSeconds(Date.now() / 1000) - 2;
    const accepted = new Set<string>();
    let numbers: string[] = [];
    const retries: { number: string; receipt: string; file: Buffer; seeds: string[] }[] = [];
    const send = async (url: string, one: (typeof retries)[number]) => {
      const { status } = await sendUpload(url, one.file, one);
      expect(status).toBe(201);
      for (const seed of one.seeds) accepted.add(seed);
    };
    for (let crash = 0; crash <= CRASHES; crash++) {
      const { child, url } = await serve(flags);
      if (crash === 0)
        numbers = (
          await runCli(["permissions", "issue", ...flags, "--provider", "P", "--count", "200", "--json"])
        ).json().numbers as string[];
      await expectWhole(where.data);
      // Whatever the last crash left unanswered is asked again: a lost answer must not cost a number.
      for (const one of retries.splice(0)) await send(url, one);
      if (crash === CRASHES) {
        await runCli(["publish", ...flags]);
        child.kill("SIGTERM");
        await ended(child);
        break;
      }
      // On PostgreSQL the command publishes by itself; it dies with the service.
      const publishing = spawn(process.execPath, [CHIRPFOB, "publish", ...flags], { stdio: "ignore" });
      const dying = new Promise((resolve) => setTimeout(resolve, randomInt(50, 4000))).then(() => {
        child.kill("SIGKILL");
        publishing.kill("SIGKILL");
      });
      for (let i = 0; i < UPLOADS_EACH; i++) {
        const upload = makeUpload({ hours: 3, lastHour });
        const one = {
          number: numbers.pop() ?? "",
          receipt: randomBytes(16).toString("hex"),
          file: encodeUploadFile(upload),
          seeds: upload.seeds.map((seed) => seed.toString("hex")),
        };
        await send(url, one).catch(() => retries.push(one));
      }
      await dying;
      await Promise.all([ended(child), ended(publishing)]);
    }
    const files = await expectWhole(where.data);
    const published = new Set(
      files.flatMap(({ blocks }) => blocks.flatMap(({ seeds }) => seeds.map((seed) => seed.toString("hex")))),
    );
    expect(accepted.size).toBe(CRASHES * UPLOADS_EACH * 3);
    for (const seed of accepted) expect(published.has(seed)).toBe(true);
  }, 600_000);
});

/** Every listed shard is there whole, numbers have no gap, and nothing else has a shard's name. */
async function expectWhole(data: string) {
  const folder = join(data, "public", "v1", "keys");
  const index = parseFeedIndex(await readFile(join(folder, "index.json"), "utf8"));
  expect(index.chunks.map(({ number }) => number)).toEqual(index.chunks.map((_, i) => i + 1));
  const files = await Promise.all(
    index.chunks.map(async ({ number, sha256: digest }) => {
      const file = await readFile(join(folder, String(number)));
      expect(createHash("sha256").update(file).digest("hex")).toBe(digest);
      return decodeShardFile(sha256, file);
    }),
  );
  for (const name of await readdir(folder))
    if (/^\d+$/.test(name)) decodeShardFile(sha256, await readFile(join(folder, name)));
  return files;
}

async function serve(flags: string[]): Promise<{ child: ChildProcess; url: string }> {
  const options = ["--region", "US-MA", "--port", "0", "--answer-step-ms", "0"];
  const child = spawn(process.execPath, [CHIRPFOB, "serve", ...flags, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanUpLater(async () => child.kill("SIGKILL"));
  let complaint = "";
  child.stderr.on("data", (part) => {
    complaint += String(part);
  });
  let text = "";
  for await (const part of child.stdout) {
    text += String(part);
    const url = / on (http:\S+)/.exec(text)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`serve ended: ${complaint}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}
