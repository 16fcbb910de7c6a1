// The commands that go over the internet, as processes of their own against a real HTTPS server and a real SOCKS proxy.

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { hasTool } from "../../../test/tools";
import { type Certificate, TestAuthority } from "../../daemon/test/certificates";
import { administer } from "../../exposure/administration";
import { DEFAULT_CONFIG } from "../../exposure/config";
import { type ExposureService, startExposureService } from "../../exposure/service";
import { cleanUpLater, dataFolder, temporaryFolder, uploadBytes } from "../../exposure/test/fixtures";
import { startChirpfob, startMicrosocks } from "./processes";
import { startSocks, startTap } from "./wire";

const HOURS = 24;
/** A name that no server of names knows: only a proxy can lead there. */
const UNKNOWN_NAME = "exposure.invalid";

describe.runIf(hasTool("openssl"))("Over HTTPS", () => {
  let authority: TestAuthority;
  let service: ExposureService;
  let port: string;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    authority = new TestAuthority(await temporaryFolder());
    const { certificate, key } = authority.issue("service", `DNS:localhost,DNS:${UNKNOWN_NAME}`);
    service = await startExposureService(
      {
        ...DEFAULT_CONFIG,
        ...{ region: "US-MA", port: 0, answerStepMs: 0, data: await dataFolder() },
        ...{ tlsCertificate: certificate, tlsKey: key },
      },
      { isScheduled: false },
    );
    cleanUpLater(() => service.close());
    port = new URL(service.url).port;
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder, "seeds.pact");
    await writeFile(file, uploadBytes({ hours: HOURS, lastHour: hourOfSeconds(Date.now() / 1000) - 2 }));
  });

  const chirpfob = async (args: readonly string[], trusted: string | undefined = authority.certificate) => {
    const running = startChirpfob(args, { NODE_EXTRA_CA_CERTS: trusted });
    return { code: await running.ended, stdout: running.stdout(), stderr: running.stderr() };
  };
  const uploadArgs = async () => {
    const { numbers } = await administer(service.core, { do: "issue", provider: "Test", count: 1 });
    return ["upload", file, "--permission", String(numbers[0])];
  };
  /** Everything that goes to a server: upload, look it up again, fetch. */
  const expectAllWorks = async (server: readonly string[]) => {
    expect(await chirpfob([...(await uploadArgs()), ...server])).toMatchObject({ code: 0 });
    await administer(service.core, { do: "publish" });
    const [verified, fetched] = await Promise.all([
      chirpfob(["upload", file, "--verify", ...server]),
      chirpfob(["shards", "fetch", "--all-regions", "-o", join(folder, "shards"), ...server]),
    ]);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining(`${HOURS} of the file's ${HOURS}`)]);
    expect([fetched.code, fetched.stdout]).toEqual([0, expect.stringMatching(/^US-MA: \d+ new shards?/)]);
  };

  it("seeds are shared, found again and fetched, and the doctor is content with the server", async () => {
    const server = ["--server", `https://localhost:${port}`];
    await expectAllWorks(server);
    const { stdout } = await chirpfob(["doctor", ...server, "--json"]);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        what: `server localhost:${port}`,
        state: "ok",
        found: expect.stringMatching(/^US-MA/),
      }),
    );
  });

  it.each([
    [
      "has run out",
      () => authority.issue("late", "DNS:localhost", -1),
      /certificate is not valid today.*CERT_HAS_EXPIRED/,
    ],
    ["is made out to another name", () => authority.issue("other", "DNS:other.example"), /made out to another name/],
    [
      "is vouched for by a stranger",
      async () => (await stranger()).issue("guest", "DNS:localhost"),
      /nobody whom this/,
    ],
    ["is vouched for by itself", async () => (await stranger("DNS:localhost")).own(), /nobody whom this.*SELF_SIGNED/],
  ] as [string, () => Certificate | Promise<Certificate>, RegExp][])(
    "a server whose certificate %s gets not a byte, with exit code 5 and no second try",
    async (_, certify, message) => {
      const impostor = await startImpostor(await certify());
      const to = ["--server", `https://localhost:${impostor.port}`];
      const { code, stderr } = await chirpfob([...(await uploadArgs()), ...to]);
      expect([code, stderr]).toEqual([5, expect.stringMatching(message)]);
      expect(stderr).not.toMatch(/Trying again|\n\s+at /);
      expect(impostor.requests()).toBe(0);
    },
  );

  it("an authority that only the county knows is believed where it is named, and nowhere else", async () => {
    const { code, stderr } = await chirpfob([...(await uploadArgs()), "--server", `https://localhost:${port}`], "");
    expect([code, stderr]).toEqual([5, expect.stringMatching(/NODE_EXTRA_CA_CERTS/)]);
  });

  it("an address whose server speaks no HTTPS is told apart from one that is away", async () => {
    const plain = createPlainServer();
    await new Promise<void>((resolve) => plain.listen(0, "localhost", resolve));
    cleanUpLater(async () => plain.close());
    const to = ["--server", `https://localhost:${(plain.address() as AddressInfo).port}`];
    const { code, stderr } = await chirpfob(["upload", file, "--verify", ...to]);
    expect([code, stderr]).toEqual([5, expect.stringMatching(/does not speak HTTPS/)]);
  });

  it.runIf(hasTool("microsocks"))(
    "everything goes through a real SOCKS proxy, which gets the name and ciphertext and nothing else",
    async () => {
      const proxy = await startMicrosocks();
      cleanUpLater(async () => proxy.close());
      const tap = await startTap(proxy.url);
      cleanUpLater(() => tap.close());
      const through = ["--server", `https://localhost:${port}`, "--proxy", tap.url.replace("http:", "socks5:")];
      await expectAllWorks(through);
      expect(tap.sent.length).toBeGreaterThan(4);
      // RFC 1928: CONNECT to a name of nine characters.
      const connect = Buffer.concat([Buffer.from([5, 1, 0, 3, 9]), Buffer.from("localhost")]).toString("latin1");
      for (const text of tap.sent) {
        expect(text).toContain(connect);
        expect(text).not.toMatch(/HTTP|Permission|v1/);
      }
    },
  );

  it("a name is looked up by the proxy alone, and the certificate must be for that name", async () => {
    const proxy = await startSocks(Number(port));
    cleanUpLater(() => proxy.close());
    const verify = (name: string) =>
      chirpfob(["upload", file, "--verify", "--server", `https://${name}`, "--proxy", proxy.url]);
    const known = await verify(UNKNOWN_NAME);
    expect(known.stderr).toMatch(/has not published these seeds/);
    const other = await verify("other.invalid");
    expect([other.code, other.stderr]).toEqual([5, expect.stringMatching(/made out to another name/)]);
    const byNumber = await verify("192.0.2.1");
    expect([byNumber.code, byNumber.stderr]).toEqual([5, expect.stringMatching(/made out to another name/)]);
    expect(new Set(proxy.asked.map(({ type, target }) => `${type} ${target}`))).toEqual(
      new Set([`name ${UNKNOWN_NAME}:443`, "name other.invalid:443", "address 192.0.2.1:443"]),
    );
  });

  it("Ctrl-C ends a command while its proxy keeps it waiting", async () => {
    const silent = await startImpostor(authority.issue("silent"), false);
    const running = startChirpfob([
      ...["upload", file, "--verify", "--server", `https://localhost:${port}`],
      ...["--proxy", `socks5://127.0.0.1:${silent.port}`],
    ]);
    await expect.poll(silent.connections, { timeout: 60_000 }).toBe(1);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(130);
  });
});

/** An authority that nobody knows. */
async function stranger(hosts?: string): Promise<TestAuthority> {
  return new TestAuthority(await temporaryFolder(), "stranger", hosts);
}

/** An HTTPS server that counts what reaches it. */
async function startImpostor({ certificate, key }: Certificate, speaks = true) {
  let requests = 0;
  let connections = 0;
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => {
    requests++;
    response.end();
  });
  server.on("connection", (socket) => {
    connections++;
    if (!speaks) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  cleanUpLater(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, requests: () => requests, connections: () => connections };
}
