import { CX_VECTORS } from "../../../protocol/test/cxCaseList";
import { SeededRandom } from "../../sim/core/random";
import { CxError } from "../der";
import { readPublication, writePublication } from "../publication";
import { readSeedReport } from "../seedReport";
import { sealPublication } from "../signedPublication";
import { judgePublication } from "../verdict";
import { certificateOf, PUBLISHED_AT, privateKeyOf, samplePublication, ZONE } from "./fixtures";

/** The result, or the CxError; anything else thrown is a defect and passes on. */
export function outcomeOf<T>(read: () => T): T | CxError {
  try {
    return read();
  } catch (error) {
    if (error instanceof CxError) return error;
    throw error;
  }
}

/** `count` files that somebody has tampered with: bits, bytes, lengths, cuts, repeats, insertions; or noise. */
function* mutations(good: readonly Buffer[], count: number, seed: number): Generator<Buffer> {
  const random = new SeededRandom(`hostile CX files ${seed}`);
  const draw = (n: number): Buffer => Buffer.from(random.bytes(n));
  const below = (n: number): number => Math.floor(random.unit() * n);
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(good[i % good.length] as Buffer);
    const at = below(bytes.length);
    switch (below(8)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        yield bytes;
        break;
      case 1:
        bytes[at] = below(256);
        bytes[below(bytes.length)] = below(256);
        yield bytes;
        break;
      case 2:
        yield bytes.subarray(0, at);
        break;
      case 3:
        yield Buffer.concat([bytes, draw(1 + below(20))]);
        break;
      case 4:
        yield Buffer.concat([bytes.subarray(0, at), draw(1 + below(4)), bytes.subarray(at)]);
        break;
      case 5:
        yield Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(bytes.length))]);
        break;
      case 6:
        // A length that lies, wherever it lands.
        bytes.set([0x84, 0x7f, 0xff, 0xff, 0xff].slice(0, bytes.length - at), at);
        yield bytes;
        break;
      default:
        yield Buffer.concat([Buffer.from([0x30, 0x80 + below(5)]), draw(below(200))]);
    }
  }
}

/** How many of `each` tampered files of each kind were refused; anything but a refusal or a value is thrown. */
export function attack(each: number, seed: number): Record<"reports" | "publications" | "contents", number> {
  // Ed25519 and P-256 are quick to verify: what is tried are the readers, not OpenSSL.
  const reports = CX_VECTORS.seedReports
    .filter(({ name }) => /^(Ed25519|P-256)/.test(name))
    .map(({ der }) => hexBytes(der));
  const certificate = certificateOf("P256");
  const sealed = sealPublication(writePublication(samplePublication()), privateKeyOf("P256"), certificate);
  const situation = { as: "observer", certificate, zone: ZONE, recorded: undefined, now: PUBLISHED_AT } as const;
  const refusals = (good: readonly Buffer[], read: (bytes: Buffer) => unknown): number => {
    let refused = 0;
    for (const bytes of mutations(good, each, seed)) if (outcomeOf(() => read(bytes)) instanceof CxError) refused++;
    return refused;
  };
  return {
    reports: refusals(reports, readSeedReport),
    publications: refusals([sealed], (bytes) => judgePublication(bytes, situation)),
    contents: refusals(
      CX_VECTORS.publications.map(({ tbs }) => hexBytes(tbs)),
      readPublication,
    ),
  };
}

function hexBytes(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}
