import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { CHAFF_NUMBER, encodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { publish } from "../administration";
import { GuessLimit } from "../http/guessLimit";
import { UPLOAD_ANSWER_BYTES } from "../http/uploadAnswer";
import { MAX_UPLOAD_BYTES } from "../intake/uploads";
import type { ExposureService } from "../service";
import { dataFolder, FakeClock, REGION, sendUpload, testService, uploadBytes } from "./fixtures";

const LIMIT = 25;

describe("The HTTP service", () => {
  const clock = new FakeClock();
  let service: ExposureService;
  let url: string;
  beforeAll(async () => {
    service = await testService({ data: await dataFolder(), guessesPerMinute: LIMIT }, clock);
    url = service.url;
  });
  const issue = (count = 1) => service.core.permissions.issue("P", count, 5);

  it("answers an accepted upload, its retry and chaff alike", async () => {
    const [number = ""] = await issue();
    const receipt = randomBytes(16).toString("hex");
    const file = uploadBytes();
    const answers = [
      await sendUpload(url, file, { number, receipt }),
      await sendUpload(url, file, { number: number.toLowerCase(), receipt }),
      await sendUpload(url, file, { number: encodePermissionNumber(CHAFF_NUMBER) }),
    ];
    for (const { status, body } of answers) expect([status, body]).toEqual([201, answers[0]?.body]);
    expect(answers[0]?.body).toHaveLength(UPLOAD_ANSWER_BYTES);
    expect(await service.core.uploads.waiting()).toBe(1);
  });

  it("refuses used, unknown, expired, revoked, malformed and missing numbers with one and the same answer", async () => {
    const [used = "", revoked = "", expired = ""] = await issue(3);
    await sendUpload(url, uploadBytes(), { number: used });
    await service.core.permissions.revoke(Buffer.alloc(16));
    await service.core.permissions.revokeProvider("Q");
    const { decodePermissionNumber } = await import("../../../protocol/report/permissionNumber");
    await service.core.permissions.revoke(decodePermissionNumber(revoked));
    await service.core.database.query("update permission set expires_day = 1");
    const unknown = encodePermissionNumber(randomBytes(16));
    const answers = [];
    for (const number of [used, unknown, expired, revoked, "nonsense", ""])
      answers.push(await sendUpload(url, uploadBytes(), { number }));
    const shape = answers.map(({ status, body, headers }) => [status, body, [...headers.keys()].sort().join()]);
    for (const one of shape) expect(one).toEqual(shape[0]);
    expect(answers[0]?.status).toBe(403);
    expect(answers[0]?.body).toHaveLength(UPLOAD_ANSWER_BYTES);
  });

  it("refuses with as many bytes as it accepts with, status line and headers included", async () => {
    const [number = ""] = await issue();
    const accepted = await rawUpload(url, number);
    const refused = await rawUpload(url, number);
    expect(accepted).toMatch(/^HTTP\/1.1 201 /);
    expect(refused).toMatch(/^HTTP\/1.1 403 /);
    expect(refused.length).toBe(accepted.length);
  });

  it("is unhealthy while uploads cannot be stored, keeps their numbers, and healthy again when they can", async () => {
    const { database } = service.core;
    const health = async () => (await fetch(`${url}/healthz`)).status;
    const [number = ""] = await issue();
    await database.query("alter table intake add constraint full_disk check (day < 0) not valid");
    const { status, body } = await sendUpload(url, uploadBytes(), { number });
    expect([status, body.length]).toEqual([503, UPLOAD_ANSWER_BYTES]);
    expect(await health()).toBe(503);
    await database.query("alter table intake drop constraint full_disk");
    expect(await health()).toBe(200);
    expect((await sendUpload(url, uploadBytes(), { number })).status).toBe(201);
  });

  it("says what is wrong with a malformed upload before the number is spent", async () => {
    const [number = ""] = await issue();
    const bad = Buffer.from(uploadBytes());
    bad[0] = 0;
    for (const [file, headers, reason] of [
      [bad, {}, /upload.magic/],
      [uploadBytes({ regions: ["DE"] }), {}, /home region is DE/],
      [uploadBytes(), { "content-type": "text/plain" }, /Content-Type/],
      [uploadBytes(), { "idempotency-key": "xyz" }, /Idempotency-Key/],
      [Buffer.alloc(0), {}, /0 bytes/],
    ] as const) {
      const { status, body } = await sendUpload(url, file, { number, headers });
      expect([status, body.length]).toEqual([400, UPLOAD_ANSWER_BYTES]);
      expect(JSON.parse(body).reason).toMatch(reason);
    }
    expect((await sendUpload(url, uploadBytes(), { number })).status).toBe(201);
  });

  it("reads the names of scheme and media type without regard to case, as HTTP does", async () => {
    const [number = ""] = await issue();
    const headers = { authorization: `permission ${number}`, "content-type": "Application/Octet-Stream" };
    expect((await sendUpload(url, uploadBytes(), { headers })).status).toBe(201);
  });

  it("refuses a body that is too large, announced or not, without reading it all", async () => {
    expect((await sendUpload(url, Buffer.alloc(MAX_UPLOAD_BYTES + 1))).status).toBe(413);
    expect(await postEndlessly(`${url}/v1/uploads`)).toBe(413);
  });

  it("slows down whoever guesses numbers, and says how long to wait, but does not lock out whoever shares the address", async () => {
    for (let i = 0; i < LIMIT; i++) await sendUpload(url, uploadBytes(), { number: `guess${i}` });
    const guesses = Array.from({ length: 20 }, () => sendUpload(url, uploadBytes(), { number: "guess" }));
    const answers = await Promise.all(guesses);
    expect(answers.filter(({ status }) => status === 403).length).toBeLessThanOrEqual(4);
    const limited = answers.find(({ status }) => status === 429);
    expect(Number(limited?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(limited?.body).toHaveLength(UPLOAD_ANSWER_BYTES);
    const [number = ""] = await issue();
    expect((await sendUpload(url, uploadBytes(), { number })).status).toBe(201);
  });

  it("serves the index with a validator, compressed to whoever wants it", async () => {
    const plain = await fetch(`${url}/v1/keys`, { headers: { "accept-encoding": "identity" } });
    const text = await plain.text();
    expect(JSON.parse(text)).toMatchObject({ region: REGION, feed: "public", chunks: [] });
    expect(plain.headers.get("cache-control")).toBe("public, max-age=60");
    const etag = plain.headers.get("etag") ?? "";
    expect(
      (await fetch(`${url}/v1/keys`, { headers: { "if-none-match": etag, "accept-encoding": "identity" } })).status,
    ).toBe(304);
    const zipped = await getRaw(`${url}/v1/keys`, { "accept-encoding": "gzip" });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(zipped.body).toString("utf8")).toBe(text);
    expect(zipped.headers.etag).not.toBe(etag);
    for (const [accepted, coding] of [
      ["gzip;q=0, identity", undefined],
      ["br, GZIP ; q=0.5", "gzip"],
      ["gzip; q=0.000", undefined],
      ["*", undefined],
    ])
      expect([
        accepted,
        (await getRaw(`${url}/v1/keys`, { "accept-encoding": accepted ?? "" })).headers["content-encoding"],
      ]).toEqual([accepted, coding]);
  });

  it("serves shards with ranges, validators and a cache time for good, and nothing outside its folder", async () => {
    await publish(service.core);
    const whole = await fetch(`${url}/v1/keys/1`);
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(whole.headers.get("cache-control")).toMatch(/immutable/);
    expect(bytes.subarray(0, 8).toString("ascii")).toBe("PACTSHRD");
    const part = async (range: string) => {
      const { status, headers, body } = await getRaw(`${url}/v1/keys/1`, { range });
      return [status, headers["content-range"], body.toString("hex")];
    };
    const size = bytes.length;
    expect(await part("bytes=8-15")).toEqual([206, `bytes 8-15/${size}`, bytes.subarray(8, 16).toString("hex")]);
    expect(await part(`bytes=${size - 2}-`)).toEqual([
      206,
      `bytes ${size - 2}-${size - 1}/${size}`,
      bytes.subarray(-2).toString("hex"),
    ]);
    expect(await part("bytes=-3")).toEqual([
      206,
      `bytes ${size - 3}-${size - 1}/${size}`,
      bytes.subarray(-3).toString("hex"),
    ]);
    expect(await part(`bytes=${size}-`)).toEqual([416, `bytes */${size}`, ""]);
    expect((await part("bytes=5-2"))[0]).toBe(200);
    expect((await part("lines=1-2"))[0]).toBe(200);
    const etag = whole.headers.get("etag") ?? "";
    expect((await fetch(`${url}/v1/keys/1`, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await getRaw(`${url}/v1/keys/1`, { range: "bytes=0-1", "if-range": '"other"' })).status).toBe(200);
    for (const path of [
      "/v1/keys/2",
      "/v1/keys/0",
      "/v1/keys/01",
      "/v1/keys/index.json",
      "/v1/keys/..%2f..%2fsigning.key",
      "/v1/a2a/keys",
      "/",
      "/v1/keys/",
    ])
      expect([path, (await getRaw(`${url}${path}`, {})).status]).toEqual([path, 404]);
    const head = await fetch(`${url}/v1/keys/1`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(size)]);
    expect((await fetch(`${url}/v1/keys`, { method: "DELETE" })).status).toBe(405);
    expect((await fetch(`${url}/v1/uploads`)).status).toBe(405);
  });

  it("reports health and counters, the counters to this machine only", async () => {
    expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok\n");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^chirpfob_uploads_accepted_total \d+$/m);
    expect(metrics).not.toMatch(/127\.0\.0\.1|\{/);
    expect((await fetch(`${url}/metrics`, { headers: { "x-forwarded-for": "192.0.2.7" } })).status).toBe(404);
  });
});

describe("The limit on guesses", () => {
  const here = "2001:db8:1:2::1";
  const neighbour = "2001:db8:1:2:ffff::9";
  const elsewhere = "192.0.2.1";
  const number = () => randomBytes(16);

  it("counts refusals by customer for a minute, and then forgets them together with what could tell whose they were", async () => {
    let now = 0;
    const waits: number[] = [];
    const limit = new GuessLimit(
      2,
      () => now,
      async (ms) => {
        waits.push(ms);
      },
    );
    for (const address of [here, neighbour]) limit.begin(address).end(true);
    now = 20_000;
    expect(limit.waitSeconds()).toBe(40);
    const third = limit.begin("2001:0db8:0001:0002::abcd");
    expect(await third.admit(number())).toBe("now");
    expect(waits).toHaveLength(1);
    third.end(false);
    expect(await limit.begin(elsewhere).admit(number())).toBe("now");
    expect(waits).toHaveLength(1);
    now = 60_000;
    expect(await limit.begin(here).admit(number())).toBe("now");
    expect(waits).toHaveLength(1);
    expect(JSON.stringify(limit)).not.toContain("2001:db8");
  });

  it("counts requests that are held open before their number is looked at", async () => {
    let lane = 0;
    const limit = new GuessLimit(
      30,
      () => 0,
      async () => {
        lane++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    );
    const held = Array.from({ length: 1500 }, () => limit.begin(here));
    const admissions = await Promise.all(held.map((attempt) => attempt.admit(number())));
    expect(admissions.filter((admission) => admission === "now").length).toBeLessThanOrEqual(30);
    expect(lane).toBeLessThanOrEqual(4);
    for (const attempt of held) attempt.end(true);
  });

  it("looks no number up again that was refused ten times in the minute, wherever it comes from", async () => {
    const limit = new GuessLimit(30, () => 0);
    const guessed = number();
    for (let i = 0; i < 10; i++) limit.noteNumber(guessed);
    expect(await limit.begin("198.51.100.7").admit(guessed)).toBe("later");
    expect(await limit.begin("198.51.100.7").admit(number())).toBe("now");
  });
});

/** A request whose path and headers reach the server as they are, which fetch would tidy up. */
function getRaw(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> {
  const { hostname, port } = new URL(url);
  const path = url.slice(url.indexOf("/", "http://".length));
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on("error", reject)
      .end();
  });
}

/** Everything that comes back for an upload, as it is on the wire. */
function rawUpload(url: string, number: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const file = uploadBytes();
  const head = [
    "POST /v1/uploads HTTP/1.1",
    "Host: x",
    "Connection: close",
    "Content-Type: application/octet-stream",
    `Content-Length: ${file.length}`,
    `Authorization: Permission ${number}`,
    `Idempotency-Key: ${randomBytes(16).toString("hex")}`,
  ].join("\r\n");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("data", (part) => {
      answer += part.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    socket.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), file]));
  });
}

/** Posts a chunked body that never ends, and returns the status it is answered with. */
function postEndlessly(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: "POST" }, (response) => {
      clearInterval(timer);
      resolve(response.statusCode ?? 0);
      sending.destroy();
    });
    const timer = setInterval(() => sending.write(Buffer.alloc(65_536)), 5);
    sending.on("error", reject);
  });
}
