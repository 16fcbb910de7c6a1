import dns from "node:dns";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { decodeUploadFile } from "../../../protocol/report/uploadFile";
import { administer } from "../../exposure/administration";
import { DEFAULT_CONFIG } from "../../exposure/config";
import { type ExposureService, startExposureService } from "../../exposure/service";
import { cleanUpLater, dataFolder, temporaryFolder, uploadBytes } from "../../exposure/test/fixtures";
import { runCli } from "./runCli";
import { startSocks, startTap, type Tap } from "./wire";

const HOURS = 48;
let service: ExposureService;
let tap: Tap;
let folder: string;
let file: string;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  service = await startExposureService(
    { ...DEFAULT_CONFIG, region: "US-MA", port: 0, answerStepMs: 0, guessesPerMinute: 1000, data: await dataFolder() },
    { isScheduled: false },
  );
  cleanUpLater(() => service.close());
});

beforeEach(async () => {
  tap = await startTap(service.url);
  closers.push(() => tap.close());
  folder = await temporaryFolder();
  file = join(folder, "seeds.pact");
  await writeFile(file, uploadBytes({ hours: HOURS, lastHour: hourOfSeconds(Date.now() / 1000) - 2 }));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  vi.restoreAllMocks();
});

async function issue(count = 1): Promise<string[]> {
  return [...(await administer(service.core, { do: "issue", provider: "Test", count })).numbers];
}

async function used(): Promise<number> {
  const [stats] = await administer(service.core, { do: "permission-stats" });
  return stats?.used ?? 0;
}

const upload = (number: string, ...more: string[]) =>
  runCli(["upload", file, "--permission", number, "--server", tap.url, ...more]);

describe("chirpfob upload", () => {
  it("shares a file, spends one number, and afterwards finds the seeds in the published shards", async () => {
    const [number = ""] = await issue();
    const before = await used();
    expect((await upload(number)).exitCode).toBe(0);
    expect(await used()).toBe(before + 1);
    const early = await runCli(["upload", file, "--verify", "--server", tap.url]);
    expect(early.exitCode).toBe(5);
    expect(early.stderr).toMatch(/has not published these seeds .yet/);
    await administer(service.core, { do: "publish" });
    const verified = await runCli(["upload", file, "--verify", "--server", tap.url, "--json"]);
    expect(verified.exitCode).toBe(0);
    expect(verified.json()).toMatchObject({ hours: HOURS, found: HOURS });
    const fetched = [
      "shards",
      "fetch",
      "--server",
      tap.url,
      "--region",
      "us-ma",
      "-o",
      join(folder, "shards"),
      "--json",
    ];
    expect((await runCli(fetched)).json()).toMatchObject([{ region: "US-MA", had: 0, fetched: 1 }]);
    expect((await runCli(fetched)).json()).toMatchObject([{ region: "US-MA", had: 1, fetched: 0 }]);
  });

  it("does not look for seeds by a list that somebody has changed", async () => {
    const index = (await (await fetch(`${service.url}/v1/keys`)).json()) as object;
    const changed = createServer((_, response) => response.end(JSON.stringify({ ...index, region: "US-NH" })));
    await new Promise<void>((resolve) => changed.listen(0, "127.0.0.1", resolve));
    closers.push(async () => void changed.close());
    const { port } = changed.address() as AddressInfo;
    const { exitCode, stderr } = await runCli(["upload", file, "--verify", "--server", `http://127.0.0.1:${port}`]);
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/is not signed by the key that it names/)]);
  });

  it("sends nothing that identifies: no user agent, cookie, language or anything else beside what is needed", async () => {
    const [number = ""] = await issue();
    await upload(number.toLowerCase());
    const names = String(tap.sent[0])
      .split("\r\n\r\n")[0]
      ?.split("\r\n")
      .slice(1)
      .map((line) => line.split(":")[0]?.toLowerCase());
    expect(names?.sort()).toEqual([
      "authorization",
      "connection",
      "content-length",
      "content-type",
      "host",
      "idempotency-key",
    ]);
  });

  it("sends as many bytes whatever was left out, whichever regions and however the number was typed", async () => {
    const [one = "", two = ""] = await issue(2);
    await upload(one);
    await writeFile(file, uploadBytes({ hours: HOURS, lastHour: hourOfSeconds(Date.now() / 1000) - 2 }));
    await writeFile(`${file}.receipt`, "[]");
    const result = await upload(
      two.replaceAll("-", " ").toLowerCase(),
      "--regions",
      "us-ma,us-nh,us-vt",
      "--reverse",
      "2026-11-01",
    );
    expect(result.exitCode).toBe(0);
    expect(tap.sent.map(({ length }) => length)).toEqual([tap.sent[0]?.length, tap.sent[0]?.length]);
  });

  it("sends the regions and the reverse range that were asked for", async () => {
    const [number = ""] = await issue();
    await upload(number, "--regions", "US-MA,DE", "--reverse", "2026-11-01T10:00..2026-11-02T12:30");
    const body = Buffer.from(String(tap.sent[0]).split("\r\n\r\n").slice(1).join("\r\n\r\n"), "latin1");
    const sent = decodeUploadFile(body);
    expect(sent.regions).toEqual(["US-MA", "DE"]);
    expect(sent.reverseFrom).toBe(new Date(2026, 10, 1, 10).getTime() / 3_600_000);
    expect(sent.reverseTo).toBe(new Date(2026, 10, 2, 13).getTime() / 3_600_000);
  });

  it("asks again with the same receipt when the answer is lost, and spends one number", async () => {
    const [number = ""] = await issue();
    const before = await used();
    tap.loseAnswers(1);
    const result = await upload(number);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/Trying again .* counts once/);
    const receipts = tap.sent.map((text) => /idempotency-key: (\w{32})/i.exec(text)?.[1]);
    expect(receipts).toHaveLength(2);
    expect(receipts[0]).toBe(receipts[1]);
    expect(await used()).toBe(before + 1);
  });

  it("goes on with the same receipt in a new run after one that got no answer at all", async () => {
    const [number = "", other = ""] = await issue(2);
    const before = await used();
    // The answer to the first attempt is lost and the program is killed before it can ask again.
    tap.loseAnswers(1);
    const [first] = await Promise.allSettled([
      upload(number),
      vi.waitUntil(() => existsSync(`${file}.receipt`) && tap.sent.length > 0).then(() => process.emit("SIGINT")),
    ]);
    expect(first).toMatchObject({ value: { exitCode: 130 } });
    const stranger = await upload(other);
    expect(stranger.exitCode).toBe(1);
    expect(stranger.stderr).toMatch(/repeat that one, with the same number/);
    expect((await upload(number)).exitCode).toBe(0);
    const receipts = tap.sent.map((text) => /idempotency-key: (\w{32})/i.exec(text)?.[1]);
    expect(new Set(receipts).size).toBe(1);
    expect(await used()).toBe(before + 1);
    const third = await upload(other);
    expect([third.exitCode, third.stdout]).toEqual([0, expect.stringMatching(/shared there before; nothing was sent/)]);
    expect(third.stdout).not.toMatch(/named then/);
    expect((await upload(number, "--regions", "DE")).stdout).toMatch(/The regions and times named then stand/);
    expect(await used()).toBe(before + 1);
  });

  it("keeps its receipt where only the owner can read it, without the number", async () => {
    const [number = ""] = await issue();
    await upload(number);
    expect((await stat(`${file}.receipt`)).mode & 0o777).toBe(0o600);
    expect(await readFile(`${file}.receipt`, "utf8")).not.toContain(number);
  });

  it("says why a number is refused, and lets another one be used then", async () => {
    const [number = "", other = ""] = await issue(2);
    await administer(service.core, { do: "revoke", numbers: [number] });
    const refused = await upload(number);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/refuses the permission number.*Nothing was shared/),
    ]);
    expect((await upload(other)).exitCode).toBe(0);
  });

  it("says so before sending anything when number, file or address cannot be right", async () => {
    const [number = ""] = await issue();
    const mistyped = `${number.slice(0, -1)}${number.endsWith("0") ? "1" : "0"}`;
    expect((await upload(mistyped)).stderr).toMatch(/permission number is not valid.*mistyped/);
    expect((await runCli(["upload", file, "--server", tap.url])).exitCode).toBe(2);
    const plain = await runCli(["upload", file, "--permission", number, "--server", "http://exposure.example.org"]);
    expect([plain.exitCode, plain.stderr]).toEqual([1, expect.stringMatching(/not encrypted/)]);
    await writeFile(file, "rubbish");
    expect((await upload(number)).exitCode).toBe(1);
    expect(tap.sent).toEqual([]);
  });

  it("explains a server that is away, is something else, or answers nonsense", async () => {
    const [number = ""] = await issue();
    const away = await runCli(["upload", file, "--verify", "--server", "http://127.0.0.1:9"]);
    expect([away.exitCode, away.stderr]).toEqual([5, expect.stringMatching(/takes no connections/)]);
    const wrongPath = await runCli(["upload", file, "--permission", number, "--server", `${tap.url}/elsewhere`]);
    expect([wrongPath.exitCode, wrongPath.stderr]).toEqual([5, expect.stringMatching(/404/)]);
  });
});

describe("with --proxy", () => {
  it("every byte goes through the proxy, which also resolves the name", async () => {
    const [number = ""] = await issue();
    const port = Number(new URL(tap.url).port);
    const socks = await startSocks(port);
    closers.push(() => socks.close());
    const lookups = vi.spyOn(dns, "lookup");
    const result = await runCli([
      ...["upload", file, "--permission", number, "--server", "http://localhost:8731", "--proxy", socks.url],
    ]);
    expect(result.exitCode).toBe(0);
    expect(socks.asked).toEqual([{ type: "name", target: "localhost:8731" }]);
    expect(lookups).not.toHaveBeenCalled();
    expect(tap.sent).toHaveLength(1);
  });

  it("nothing is sent around a proxy that is away", async () => {
    const [number = ""] = await issue();
    const result = await runCli([
      "shards",
      "fetch",
      "--server",
      tap.url,
      "--region",
      "US-MA",
      "-o",
      folder,
      "--proxy",
      "socks5://127.0.0.1:9",
    ]);
    expect([result.exitCode, result.stderr]).toEqual([5, expect.stringMatching(/through the proxy/)]);
    expect((await upload(number, "--proxy", "http://127.0.0.1:1")).exitCode).toBe(1);
    expect(tap.sent).toEqual([]);
  });
});
