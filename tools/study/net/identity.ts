// An institution's own folder (0700): its key, its certificate, and which studies it has run.

import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { X509CertificateGenerator } from "@peculiar/x509";
import { StudyError } from "../base/errors";
import type { Institution } from "../plan/descriptor";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const VALID_MS = 5 * 365 * 86_400_000;
/** Clocks of institutions may differ. */
const EARLIER_MS = 86_400_000;

/** An institution's key and certificate, PEM. */
export interface Identity {
  readonly folder: string;
  readonly key: string;
  readonly certificate: string;
}

/**
 * Makes a folder with a fresh key, its self-signed certificate, and `institution.json`, which the others get.
 * @throws StudyError if there is one already
 */
export async function createIdentity(folder: string, name: string, host: string, port: number): Promise<Institution> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (((await stat(folder)).mode & 0o077) !== 0)
    throw new StudyError(`${folder} can be read by others: make it private first (chmod 700)`);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      // Names of institutions may have any character; the certificate is known by its bytes alone.
      name: "CN=chirpfob study",
      notBefore: new Date(now - EARLIER_MS),
      notAfter: new Date(now + VALID_MS),
      signingAlgorithm: ALGORITHM,
      keys,
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, "$&\n").trim()}\n-----END PRIVATE KEY-----\n`;
  const institution = { name, host, port, certificate: certificate.toString("pem") };
  await write(folder, "key.pem", pem);
  await write(folder, "certificate.pem", institution.certificate);
  await write(folder, "institution.json", `${JSON.stringify(institution, null, 2)}\n`);
  return institution;
}

/** @throws StudyError if the folder has no key, or others can read it */
export async function readIdentity(folder: string): Promise<Identity> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), "utf8");
    } catch (error) {
      throw new StudyError(
        `cannot read ${join(folder, name)} (${(error as NodeJS.ErrnoException).code}): "chirpfob study keys" makes an institution's folder`,
      );
    }
  };
  const [key, certificate] = [await read("key.pem"), await read("certificate.pem")];
  if (((await stat(join(folder, "key.pem"))).mode & 0o077) !== 0)
    throw new StudyError(`${join(folder, "key.pem")} can be read by others: make it private (chmod 600), or a new key`);
  return { folder, key, certificate };
}

async function write(folder: string, name: string, text: string): Promise<void> {
  try {
    await writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new StudyError(`${folder} is an institution's folder already: choose another one`);
    throw new StudyError(`cannot write ${join(folder, name)}: ${code}`);
  }
}
