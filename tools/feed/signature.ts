import { SlhDsaVerifier } from "../../protocol/crypto/slhDsa";
import { nativeSha256 } from "../base/sha256";

/**
 * Whether `signature` is `publicKey`'s over `message`.
 *
 * @param context what it is bound to, so that a signature for one purpose is none for another
 */
export function isSigned(publicKey: Buffer, signature: Buffer, message: Buffer, context: string): boolean {
  const verifier = new SlhDsaVerifier(nativeSha256, publicKey, signature, message, Buffer.from(context, "utf8"));
  while (verifier.step());
  return verifier.isValid();
}
