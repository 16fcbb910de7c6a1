import { slh_dsa_sha2_128s as slhDsa } from "@noble/post-quantum/slh-dsa.js";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import type { Sha256 } from "../base/sha256";
import { SlhDsaVerifier } from "../crypto/slhDsa";
import { genuineSignature, signatureFlips } from "./caseList";

const FLIPS = 300;

function verify(parts: Buffer[], hash: Sha256 = sha256): boolean {
  const [publicKey, signature, message, context] = parts as [Buffer, Buffer, Buffer, Buffer];
  const verifier = new SlhDsaVerifier(hash, publicKey, signature, message, context);
  while (verifier.step());
  return verifier.isValid();
}

function verifyWithNoble(parts: Buffer[]): boolean {
  const [publicKey, signature, message, context] = parts as [Buffer, Buffer, Buffer, Buffer];
  return slhDsa.verify(signature, message, publicKey, { context });
}

describe("SLH-DSA-SHA2-128s verification", () => {
  const genuine = genuineSignature();

  it("accepts what @noble/post-quantum signed", () => {
    expect(verifyWithNoble(genuine)).toBe(true);
    expect(verify(genuine)).toBe(true);
  });

  it("accepts other keys, and messages and contexts of other lengths", () => {
    for (const [length, contextLength] of [
      [0, 0],
      [1000, 255],
    ] as const) {
      const keys = slhDsa.keygen(Buffer.alloc(48, length & 0xff));
      const message = Buffer.alloc(length, 3);
      const context = Buffer.alloc(contextLength, 4);
      const signature = Buffer.from(slhDsa.sign(message, keys.secretKey, { context }));
      expect(verify([Buffer.from(keys.publicKey), signature, message, context])).toBe(true);
    }
  });

  it(`agrees with @noble/post-quantum on ${FLIPS} single-bit corruptions of key, signature, message and context`, () => {
    const flips = signatureFlips(FLIPS);
    expect(new Set(flips.map(({ target, bit }) => `${target}:${bit}`)).size).toBeGreaterThan(200);
    for (const { target, bit } of flips) {
      const parts = genuine.map((part) => Buffer.from(part));
      const part = parts[target] as Buffer;
      part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
      const valid = verify(parts);
      expect(valid, `part ${target}, bit ${bit}`).toBe(false);
      expect(verifyWithNoble(parts)).toBe(valid);
    }
  }, 180_000);

  it("hashes at most 700 times in one step, so that a device can yield in between", () => {
    let calls = 0;
    const counting: Sha256 = (message) => {
      calls++;
      return sha256(message);
    };
    const [publicKey, signature, message, context] = genuine;
    const verifier = new SlhDsaVerifier(counting, publicKey, signature, message, context);
    const perStep: number[] = [];
    for (let more = true; more; ) {
      calls = 0;
      more = verifier.step();
      perStep.push(calls);
    }
    expect(perStep).toHaveLength(8);
    expect(Math.max(...perStep)).toBeLessThanOrEqual(700);
    expect(verifier.isValid()).toBe(true);
  });

  it("is not valid before its last step, and refuses wrong lengths by name", () => {
    const [publicKey, signature, message, context] = genuine;
    const verifier = new SlhDsaVerifier(sha256, publicKey, signature, message, context);
    verifier.step();
    expect(verifier.isValid()).toBe(false);
    const wrong = (...parts: Buffer[]) => verify(parts);
    expect(() => wrong(publicKey.subarray(1), signature, message, context)).toThrow(/publicKey/);
    expect(() => wrong(publicKey, signature.subarray(1), message, context)).toThrow(/signature/);
    expect(() => wrong(publicKey, signature, message, Buffer.alloc(256))).toThrow(/context/);
  });
});
