import { createHmac, randomBytes } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { type Certified, issueCertificate, tekMacs } from "../certificate";
import { answerChaff, judgePublish } from "../publish";
import { ReportType } from "../tek";
import { makeKeyPair } from "./makeExport";

const NOW_S = 1_605_819_600;
const NOW = new Date(NOW_S * 1000);
const TODAY = Math.floor(NOW_S / 600 / 144) * 144;
const PAIR = makeKeyPair();
const AUTHORITY = { issuer: "ma.example", audience: "keys.example", keys: new Map([["k1", PAIR.publicKey]]) };
const AUTHORITIES = new Map([["us.ma", AUTHORITY]]);
const SIGNER = { kid: "k1", privateKey: PAIR.privateKey };
const HMAC_KEY = Buffer.alloc(16, 3);
const KEYS = [3, 1, 2].map((i) => ({
  key: Buffer.alloc(16, i).toString("base64"),
  rollingStartNumber: TODAY - 144 * i,
  rollingPeriod: 144,
  transmissionRisk: 0,
}));
const CERTIFIED: Certified = { reportType: ReportType.CONFIRMED_TEST, symptomOnsetInterval: TODAY - 144, id: "once" };

type Key = (typeof KEYS)[number];

async function publish(change: Record<string, unknown> = {}, keys: Key[] = KEYS, certified = CERTIFIED) {
  const [mac] = tekMacs(keys, HMAC_KEY) as [Buffer];
  const verificationPayload = await issueCertificate(AUTHORITY, SIGNER, certified, mac, NOW_S - 60, 900);
  const body = {
    temporaryExposureKeys: keys,
    healthAuthorityID: "us.ma",
    verificationPayload,
    hmacKey: HMAC_KEY.toString("base64"),
    padding: "AAAA",
    ...change,
  };
  return await judge(Buffer.from(JSON.stringify(body)));
}

async function judge(body: Buffer) {
  const { answer, accepted } = await judgePublish(body, AUTHORITIES, NOW, randomBytes);
  const said = JSON.parse(answer.body.toString()) as { code?: string; error?: string; warnings?: string[] };
  return { accepted, status: answer.status, bytes: answer.body.length, ...said };
}

describe("an upload by Google's version 1", () => {
  it("with a certificate for its keys is taken, with report type and days since onset", async () => {
    const result = await publish({ traveler: true });
    expect(result).toMatchObject({ status: 200, insertedExposures: 3 });
    expect(result.code).toBeUndefined();
    expect(result.accepted).toMatchObject({ traveler: true, certificateId: "once" });
    expect(result.accepted?.teks.map(({ key, reportType, onsetDays }) => [key[0], reportType, onsetDays])).toEqual([
      [3, 1, -2],
      [1, 1, 0],
      [2, 1, -1],
    ]);
  });

  it("keeps the good keys of a mixed set, and says so with status 200", async () => {
    const odd = [
      { ...(KEYS[0] as Key), key: Buffer.alloc(15).toString("base64") },
      { ...(KEYS[0] as Key), rollingPeriod: 145 },
      { ...(KEYS[0] as Key), rollingStartNumber: TODAY + 300 },
      { ...(KEYS[0] as Key), rollingStartNumber: TODAY - 144 * 17 },
      { ...(KEYS[0] as Key), transmissionRisk: 9 },
    ];
    const result = await publish({}, [...odd, KEYS[1] as Key]);
    expect(result).toMatchObject({ status: 200, code: "partial_failure", insertedExposures: 1 });
    expect(result.warnings).toEqual([
      "key 0: key is 15 bytes, must be 16",
      "key 1: rolling period 145, must be 1 to 144 intervals",
      `key 2: begins in the future, at interval ${TODAY + 300}`,
      "key 3: ended more than 15 days ago",
      "key 4: transmission risk 9, must be 0 to 8",
    ]);
    expect(await publish({}, odd.slice(0, 1))).toMatchObject({ status: 400, code: "bad_request", accepted: undefined });
  });

  it("is answered with one to two kilobytes of padding, whatever came of it", async () => {
    const results = [await publish(), await publish({ healthAuthorityID: "x" }), await judge(Buffer.from("no JSON"))];
    const chaff = answerChaff(randomBytes);
    expect(chaff.status).toBe(200);
    expect(JSON.parse(chaff.body.toString()).insertedExposures).toBeGreaterThan(0);
    for (const bytes of [...results.map((one) => one.bytes), chaff.body.length]) {
      expect(bytes).toBeGreaterThan(1_360);
      expect(bytes).toBeLessThan(3_200);
    }
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    ["no keys", { temporaryExposureKeys: [] }, 400, "bad_request"],
    ["31 keys", { temporaryExposureKeys: Array(31).fill(KEYS[0]) }, 400, "bad_request"],
    ["a key that is no object", { temporaryExposureKeys: [1] }, 400, "bad_request"],
    [
      "a start that is no number",
      { temporaryExposureKeys: [{ ...KEYS[0], rollingStartNumber: "1" }] },
      400,
      "bad_request",
    ],
    ["no certificate", { verificationPayload: undefined }, 400, "bad_request"],
    ["another authority", { healthAuthorityID: "us.nh" }, 401, "unknown_health_authority_id"],
    ["other keys", { temporaryExposureKeys: KEYS.slice(1) }, 401, "health_authority_verification_certificate_invalid"],
    ["another HMAC key", { hmacKey: "AAAA" }, 401, "health_authority_verification_certificate_invalid"],
    [
      "noise as certificate",
      { verificationPayload: "a.b.c" },
      401,
      "health_authority_verification_certificate_invalid",
    ],
  ])("with %s is refused", async (_, change, status, code) => {
    const result = await publish(change);
    expect(result).toMatchObject({ status, code, accepted: undefined });
    expect(result.error).not.toBe("");
  });

  it("larger than 64 KB is refused unread", async () => {
    expect(await judge(Buffer.alloc(64 * 1024 + 1, 0x20))).toMatchObject({ status: 400, code: "bad_request" });
  });
});

describe("a certificate", () => {
  const invalid = { status: 401, code: "health_authority_verification_certificate_invalid", accepted: undefined };
  const mac = (tekMacs(KEYS, HMAC_KEY)[0] as Buffer).toString("base64");
  const claims = { reportType: "confirmed", tekmac: mac, jti: "once", iss: AUTHORITY.issuer, aud: AUTHORITY.audience };
  const times = { iat: NOW_S - 10, nbf: NOW_S - 10, exp: NOW_S + 900 };
  const signed = (payload: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid: "k1", ...header }).sign(PAIR.privateKey);

  it("made by hand after Google's description is taken", async () => {
    const text = [1, 2, 3].map((i) => KEYS.find(({ key }) => key === Buffer.alloc(16, i).toString("base64")) as Key);
    const cleartext = text.map((one) => `${one.key}.${one.rollingStartNumber}.${one.rollingPeriod}`);
    for (const parts of [cleartext, cleartext.map((part) => `${part}.0`)]) {
      const tekmac = createHmac("sha256", HMAC_KEY).update(parts.join(",")).digest("base64");
      const verificationPayload = await signed({ ...claims, ...times, tekmac });
      expect(await publish({ verificationPayload })).toMatchObject({ status: 200 });
    }
  });

  it("must hold the risks where one of them is not 0", async () => {
    const risky = KEYS.map((key, i) => ({ ...key, transmissionRisk: i }));
    expect(tekMacs(risky, HMAC_KEY)).toHaveLength(1);
    expect(await publish({}, risky)).toMatchObject({ status: 200 });
    const verificationPayload = await signed({ ...claims, ...times });
    expect(await publish({ verificationPayload }, risky)).toMatchObject(invalid);
  });

  it("says what kind of diagnosis it is for", async () => {
    for (const [name, type] of [
      ["confirmed", 1],
      ["likely", 2],
      ["user-report", 3],
      ["negative", 5],
    ] as const) {
      const verificationPayload = await signed({ ...claims, ...times, reportType: name });
      const result = await publish({ verificationPayload, symptomOnsetInterval: TODAY });
      expect(result.accepted?.teks[0]).toMatchObject({ reportType: type, onsetDays: -3 });
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ["that has run out", { exp: NOW_S - 1 }],
    ["that is not valid yet", { nbf: NOW_S + 60 }],
    ["without an end", { exp: undefined }],
    ["of another issuer", { iss: "elsewhere" }],
    ["for another server", { aud: "elsewhere" }],
    ["of an unknown kind of diagnosis", { reportType: "constructor" }],
    ["without an id", { jti: undefined }],
    ["without a MAC", { tekmac: undefined }],
    ["with an onset that is none", { symptomOnsetInterval: -5 }],
  ])("%s is refused", async (_, change) => {
    const payload = Object.fromEntries(
      Object.entries({ ...claims, ...times, ...change }).filter(([, v]) => v !== undefined),
    );
    expect(await publish({ verificationPayload: await signed(payload) })).toMatchObject(invalid);
  });

  it("by another key, by a key of another name, or by none is refused", async () => {
    const other = new SignJWT({ ...claims, ...times }).setProtectedHeader({ alg: "ES256", kid: "k1" });
    const hmac = new SignJWT({ ...claims, ...times }).setProtectedHeader({ alg: "HS256", kid: "k1" });
    for (const verificationPayload of [
      await other.sign(makeKeyPair().privateKey),
      await signed({ ...claims, ...times }, { kid: "k2" }),
      await hmac.sign(Buffer.from(PAIR.pem)),
      new UnsecuredJWT({ ...claims, ...times }).encode(),
    ])
      expect(await publish({ verificationPayload })).toMatchObject(invalid);
  });
});
