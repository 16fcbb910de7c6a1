// Seed reports: what a person's device sends to a publisher (CX architecture specification, "Seed Reports"). DER, and one
// signature for each seed by the key that is part of its seed.

import { createPublicKey, type KeyObject } from "node:crypto";
import { Constructed, fromBER, Integer, OctetString, Sequence, Utf8String } from "asn1js";
import { isGeneratorType, SeedCalculation, seedBytesOf } from "../../protocol/beacon/cxGenerator";
import {
  algorithmOidOf,
  CxError,
  type DerValue,
  malformed,
  octetsOf,
  readDer,
  sequenceOf,
  textOf,
  wholeOf,
} from "./der";
import { readExtensions, type SeedUse, writeExtensions } from "./extensions";
import { algorithmFor, algorithmNamed, identifierOf, makeSignature, verifySignature } from "./signatures";

/** Largest report that is read: some 400 seeds with keys of RSA-2048. */
export const MAX_REPORT_BYTES = 256 * 1024;

const MAX_REPORT_NODES = 20_000;
const VERSION = 1;

/** A seed as its owner reports it. */
export interface ReportedSeed {
  readonly generatorType: number;
  readonly preseed: Buffer;
  /** DER SubjectPublicKeyInfo, exactly as it stands in the report: the seed depends on its bytes. */
  readonly publicKey: Buffer;
  readonly seed: Buffer;
  readonly use: SeedUse | undefined;
}

/** A report whose signatures all hold. */
export interface SeedReport {
  readonly version: number;
  /** The name of the publisher that it is for; bounds the confirmation code. */
  readonly publisherName: string;
  /** The confirmation code, as it was typed. */
  readonly challenge: string;
  readonly seeds: readonly ReportedSeed[];
  readonly unknownExtensions: readonly string[];
}

/**
 * Reads a report and checks all that can be checked without a publisher's database.
 * @throws CxError "format", "generator type", "preseed", "key", "algorithm" or "signature"
 */
export function readSeedReport(bytes: Buffer): SeedReport {
  if (bytes.length > MAX_REPORT_BYTES)
    throw malformed(`${bytes.length} bytes, a report has at most ${MAX_REPORT_BYTES}`);
  const outer = sequenceOf(readDer(bytes, MAX_REPORT_NODES), "the report");
  if (outer.length !== 2) throw malformed(`the report has ${outer.length} parts, must have content and signatures`);
  const [content, signatureList] = outer as [DerValue, DerValue];
  const [version, descriptorList, publisherName, challenge, ...later] = sequenceOf(content, "the content", 4);
  const descriptors = sequenceOf(descriptorList, "the seed descriptors", 1);
  const signatures = sequenceOf(signatureList, "the signatures", 1);
  if (signatures.length !== descriptors.length)
    throw malformed(`${signatures.length} signatures for ${descriptors.length} seeds, each seed must have one`);
  const { uses, unknown } = readExtensions(later, descriptors.length);
  const report = {
    version: wholeOf(version, "the version"),
    publisherName: textOf(publisherName, "the publisher's name"),
    challenge: textOf(challenge, "the challenge"),
    unknownExtensions: unknown,
  };
  const read = descriptors.map((descriptor) => readDescriptor(descriptor));
  read.forEach(({ publicKey }, i) => {
    checkSignature(signatures[i] as DerValue, content, publicKey, i);
  });
  return {
    ...report,
    seeds: read.map(({ generatorType, preseed, publicKey }, i) => ({
      generatorType,
      preseed,
      publicKey,
      seed: calculateSeed(generatorType, preseed, publicKey),
      use: uses?.[i],
    })),
  };
}

/** What a report is written from. */
export interface SeedToReport {
  readonly generatorType: number;
  readonly preseed: Buffer;
  /** DER SubjectPublicKeyInfo, as the seed was calculated with it. */
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
  /** For all seeds of a report, or for none of them. */
  readonly use?: SeedUse | undefined;
}

/**
 * Writes and signs a report. Preseeds leave with it, keys do not.
 * @throws RangeError for seeds that cannot be reported
 */
export function writeSeedReport(publisherName: string, challenge: string, seeds: readonly SeedToReport[]): Buffer {
  if (seeds.length === 0) throw new RangeError("a report names at least one seed");
  for (const { generatorType, preseed } of seeds)
    if (preseed.length !== seedBytesOf(generatorType)) throw new RangeError("a preseed is as long as a seed");
  const uses = seeds.flatMap(({ use }) => use ?? []);
  if (uses.length !== 0 && uses.length !== seeds.length)
    throw new RangeError("days and counts are for all seeds or for none");
  const content = derOf(
    new Sequence({
      value: [
        new Integer({ value: VERSION }),
        new Sequence({ value: seeds.map(descriptorOf) }),
        new Utf8String({ value: publisherName }),
        new Utf8String({ value: challenge }),
        ...(uses.length === 0
          ? []
          : [
              new Constructed({
                idBlock: { tagClass: 3, tagNumber: 0 },
                value: [new Sequence({ value: [writeExtensions(uses)] })],
              }),
            ]),
      ],
    }),
  );
  const signatures = seeds.map(({ privateKey }) => {
    const algorithm = algorithmFor(privateKey);
    const identifier = derOf(identifierOf(algorithm).toSchema());
    const value = makeSignature(algorithm, privateKey, textToSign(content, identifier));
    return new Sequence({ value: [elementOf(identifier), new OctetString({ valueHex: value })] });
  });
  return derOf(new Sequence({ value: [elementOf(content), new Sequence({ value: signatures })] }));
}

/** The seed of a preseed and a public key, whole. @throws FormatError */
export function calculateSeed(generatorType: number, preseed: Buffer, publicKey: Buffer): Buffer {
  const calculation = new SeedCalculation(generatorType, preseed, publicKey);
  while (calculation.step());
  return calculation.seed();
}

function readDescriptor(descriptor: DerValue): Pick<ReportedSeed, "generatorType" | "preseed" | "publicKey"> {
  const [type, preseedValue, key] = sequenceOf(descriptor, "a seed descriptor", 3) as [DerValue, DerValue, DerValue];
  const generatorType = wholeOf(type, "a generator type");
  if (!isGeneratorType(generatorType))
    throw new CxError("generator type", `generator type ${generatorType} is not known: its seed cannot be calculated`);
  const preseed = octetsOf(preseedValue, "a preseed");
  if (preseed.length !== seedBytesOf(generatorType))
    throw new CxError(
      "preseed",
      `a preseed of type ${generatorType} has ${preseed.length} bytes, must have ${seedBytesOf(generatorType)}`,
    );
  sequenceOf(key, "a public key", 2);
  return { generatorType, preseed, publicKey: key.whole };
}

function checkSignature(signature: DerValue, content: DerValue, publicKey: Buffer, index: number): void {
  const parts = sequenceOf(signature, "a signature");
  if (parts.length !== 2) throw malformed(`a signature has ${parts.length} parts, must have algorithm and value`);
  const [identifier, value] = parts as [DerValue, DerValue];
  const algorithm = algorithmNamed(algorithmOidOf(identifier));
  if (algorithm === undefined)
    throw new CxError("algorithm", `signature ${index} is of an algorithm that is not accepted`);
  const key = publicKeyOf(publicKey);
  if (!algorithm.fits(key))
    throw new CxError(
      "algorithm",
      `signature ${index} is ${algorithm.name}, which its seed's key cannot make or which is too weak`,
    );
  const bytes = octetsOf(value, "a signature's value");
  if (!verifySignature(algorithm, key, textToSign(content.whole, identifier.whole), bytes))
    throw new CxError("signature", `signature ${index} does not hold: the report was changed, or made without its key`);
}

function publicKeyOf(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    throw new CxError("key", "a public key is damaged or of an unknown kind");
  }
}

/** TBSSeedReportContent: content and algorithm together, so that nobody can say later that it was another algorithm. */
function textToSign(content: Buffer, algorithmIdentifier: Buffer): Buffer {
  return derOf(new Sequence({ value: [elementOf(content), elementOf(algorithmIdentifier)] }));
}

function descriptorOf({ generatorType, preseed, publicKey }: SeedToReport): Sequence {
  return new Sequence({
    value: [new Integer({ value: generatorType }), new OctetString({ valueHex: preseed }), elementOf(publicKey)],
  });
}

function elementOf(der: Buffer): Sequence {
  return fromBER(der, { parseEmbedded: false }).result as Sequence;
}

function derOf(element: Sequence): Buffer {
  return Buffer.from(element.toBER());
}
