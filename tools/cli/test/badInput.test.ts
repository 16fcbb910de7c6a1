// What people and programs give by mistake: a line that says what was wrong, never a stack trace. runCli() throws what run() does
// not expect, and so does every case here that ends in one.

import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../exposure/test/fixtures";
import { FakeKeyfob } from "../../keyfob/test/fakeKeyfob";
import { EXIT } from "../errors";
import { runCli } from "./runCli";

const NO_KEYFOB = ["--port", "tcp://127.0.0.1:9"];
const NO_SERVER = ["--server", "http://127.0.0.1:9"];
const GZIP_MAGIC = Buffer.from("1f8b", "hex");
/** More than Node reads into one buffer. */
const HUGE_BYTES = 5 * 1024 ** 3;

let folder: string;
const file: Record<string, string> = {};
beforeAll(async () => {
  folder = await temporaryFolder();
  const make = async (name: string, content: Buffer | string) => {
    file[name] = join(folder, name);
    await writeFile(file[name], content);
  };
  await make("empty", "");
  await make("text", "hello\n");
  await make("binary", Buffer.alloc(5000, 0xa7));
  await make("null.json", "null");
  await make("cut.gz", Buffer.concat([GZIP_MAGIC, Buffer.alloc(50, 3)]));
  await make("huge", "");
  await truncate(file.huge as string, HUGE_BYTES);
  file.folder = folder;
  file.missing = join(folder, "nothing here");
  file["below a file"] = join(folder, "text", "below");
  file["no name at all"] = "a\u0000b";
  file["a name too long"] = "x".repeat(5000);
});

describe("bad input", () => {
  const names = ["missing", "folder", "empty", "text", "binary", "null.json", "cut.gz", "huge", "below a file"];
  const odd = ["no name at all", "a name too long"];

  it.each([...names, ...odd])(
    "as a file to read is refused in one line, whichever command reads it: %s",
    async (name) => {
      const path = file[name] as string;
      for (const line of [
        ["inspect", "upload", path],
        ["inspect", "shard", path],
        ["upload", path, "--permission", "00000-00000-00000-00000-00000-00", ...NO_SERVER],
        ["upload", path, "--verify", ...NO_SERVER],
        ["shards", "import", path, ...NO_KEYFOB],
        ["deploy", "--file", path, ...NO_KEYFOB],
        ["sim", "run", "--contacts", path],
      ]) {
        const { exitCode, stderr } = await runCli(line);
        expect([exitCode, line, stderr]).toEqual([EXIT.input, line, expect.stringMatching(/^chirpfob: .+\n$/)]);
      }
    },
  );

  it.each(["folder", "below a file", ...odd])(
    "as a file to write is refused before anything is done: %s",
    async (name) => {
      const path = file[name] as string;
      for (const line of [
        ["exposures", "--html", path, ...NO_KEYFOB],
        ["seeds", "export", "--regions", "US-MA", "--force", "-o", path, ...NO_KEYFOB],
        ["power", "--board", "xiao-c3", "--svg", path],
      ]) {
        const { exitCode } = await runCli(line);
        expect([exitCode, line]).toEqual([EXIT.input, line]);
      }
    },
  );

  it.each([
    "",
    "x",
    "socks5://",
    "http://127.0.0.1:9",
    "socks5://127.0.0.1:99999",
    "socks5://%zz@127.0.0.1:9",
    "socks5://a:%E0%A4%A@127.0.0.1:9",
  ])("as a proxy is refused: %j", async (proxy) => {
    for (const line of [
      ["shards", "fetch", ...NO_SERVER, "--region", "US-MA", "-o", folder, "--proxy", proxy],
      ["doctor", ...NO_SERVER, ...NO_KEYFOB, "--proxy", proxy],
    ]) {
      const { exitCode, stderr } = await runCli(line);
      expect([exitCode, stderr]).toEqual([EXIT.input, expect.stringMatching(/--proxy must be socks5:\/\/host:port/)]);
    }
  });

  it.each([
    "",
    "x",
    "http://",
    "ftp://x",
    "http://127.0.0.1:99999",
    "http://[::1",
    "https://ex ample.org",
    "http://x.example",
  ])("as a server is refused: %j", async (server) => {
    const { exitCode, stderr } = await runCli(["shards", "fetch", "--server", server, "--region", "DE", "-o", folder]);
    expect([exitCode, stderr]).toEqual([EXIT.input, expect.stringMatching(/--server/)]);
  });

  it.each(["tcp://x", "tcp://127.0.0.1:0", "tcp://nowhere.invalid:1", "/dev/null", "a\u0000b", "x".repeat(5000)])(
    "as a port is refused: %j",
    async (port) => {
      const { exitCode, stderr } = await runCli(["status", "--port", port]);
      expect([EXIT.input, EXIT.noDevice]).toContain(exitCode);
      expect(stderr).toMatch(/^chirpfob: .+\n$/);
    },
  );

  it("in the place of a receipt is said, and nothing is sent", async () => {
    const { uploadBytes } = await import("../../exposure/test/fixtures");
    const upload = join(folder, "good.pact");
    await writeFile(upload, uploadBytes());
    const share = () => runCli(["upload", upload, "--permission", "00000-00000-00000-00000-00000-00", ...NO_SERVER]);
    await mkdir(`${upload}.receipt`);
    expect(await share()).toMatchObject({ exitCode: EXIT.input, stderr: expect.stringMatching(/it is a folder/) });
    await rm(`${upload}.receipt`, { recursive: true });
    for (const text of ["", "{}", "null", '[{"server":"x"}]', "[[]]"]) {
      await writeFile(`${upload}.receipt`, text);
      expect(await share()).toMatchObject({ exitCode: EXIT.input, stderr: expect.stringMatching(/is damaged/) });
    }
  });

  it("from a keyfob moves no terminal's cursor: a region key whose region is six raw bytes", async () => {
    const keyfob = await FakeKeyfob.start((command, payload) => {
      const report = Buffer.alloc(47);
      payload.copy(report, 4, 0, 2);
      report[7] = 1;
      report.write("\u001b[2J\u0007\u009b", 9, "latin1");
      return [[command, report]];
    });
    try {
      const { exitCode, stdout, stderr } = await runCli(["keys", "list", "--port", keyfob.address]);
      expect([exitCode, stdout]).toEqual([EXIT.input, ""]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    } finally {
      await keyfob.close();
    }
  });
});
