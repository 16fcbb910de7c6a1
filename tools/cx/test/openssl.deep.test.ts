import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { makeCertificate } from "../certificate";
import { writePublication } from "../publication";
import { openPublication, sealPublication } from "../signedPublication";
import { certificateOf, privateKeyOf, samplePublication } from "./fixtures";

const folder = mkdtempSync(join(tmpdir(), "chirpfob-cx-"));
afterAll(() => rmSync(folder, { recursive: true }));

function openssl(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
  return { status, stderr };
}

const content = writePublication(samplePublication());

describe.skipIf(!hasTool("openssl"))("OpenSSL", () => {
  it.each(["RSA1", "P256"])("verifies a publication that we signed with key %s, and gives its content back", (name) => {
    const der = sealPublication(content, privateKeyOf(name), certificateOf(name));
    writeFileSync(join(folder, "ours.der"), der);
    writeFileSync(join(folder, "certificate.pem"), certificateOf(name).toString());
    const verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "ours.der", "-noverify", "-nointern"];
    const certificate = ["-certfile", "certificate.pem", "-out", "content.der"];
    expect(openssl(...verify, ...certificate)).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, "content.der")).equals(content)).toBe(true);
    der[der.indexOf(content) + 40] = 0;
    writeFileSync(join(folder, "ours.der"), der);
    expect(openssl(...verify, ...certificate).status).not.toBe(0);
  });

  it("signs what we read, with a certificate that we made", async () => {
    const made = await makeCertificate("https://cx.example/publisher.json", new Date("2026-11-20T00:00:00Z"));
    writeFileSync(join(folder, "content.der"), content);
    writeFileSync(join(folder, "key.pem"), made.privateKey.export({ format: "pem", type: "pkcs8" }));
    writeFileSync(join(folder, "certificate.pem"), made.certificate.toString());
    const signed = openssl(
      ...["cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", "1.3.6.1.4.1.10019.3.1"],
      ...[
        "-md",
        "sha256",
        "-in",
        "content.der",
        "-signer",
        "certificate.pem",
        "-inkey",
        "key.pem",
        "-out",
        "theirs.der",
      ],
    );
    expect(signed).toMatchObject({ status: 0 });
    const certificate = new X509Certificate(readFileSync(join(folder, "certificate.pem")));
    expect(openPublication(readFileSync(join(folder, "theirs.der")), certificate).equals(content)).toBe(true);
  });
});
