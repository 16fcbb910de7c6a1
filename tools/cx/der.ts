// DER, strictly: what asn1js reads as BER is compared with the one encoding that DER allows (X.690, section 10 and 11).

import { type BaseBlock, fromBER } from "asn1js";

/** A file of CX is not what its format demands, or must not be believed. */
export class CxError extends Error {
  override readonly name = "CxError";

  /**
   * @param reason one of the words of docs/cx.md, "Verdicts"
   * @param problem what is wrong, for people
   */
  constructor(
    readonly reason: string,
    readonly problem: string,
  ) {
    super(problem);
  }
}

/** One element of a DER file. */
export interface DerValue {
  /** 1 universal, 3 context-specific. */
  readonly tagClass: number;
  readonly tag: number;
  readonly constructed: boolean;
  /** The value without tag and length. */
  readonly content: Buffer;
  /** The exact bytes of the whole element: what signatures cover and seeds are made with. */
  readonly whole: Buffer;
  readonly children: readonly DerValue[];
}

/** Universal tags (X.680, table 1). */
export const TAG = {
  boolean: 1,
  integer: 2,
  octetString: 4,
  null: 5,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  generalizedTime: 24,
} as const;

const UNIVERSAL = 1;
const CONTEXT = 3;
const PRIMITIVE_STRINGS: readonly number[] = [3, 4, 12, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30];
const MAX_DEPTH = 32;
/** Many times what any real object identifier takes: arithmetic on hostile ones must stay short. */
const MAX_OID_BYTES = 128;

/**
 * Reads one DER element that fills `bytes`.
 * @param maxNodes how many elements it may hold, so that hostile input takes bounded memory
 * @throws CxError "format"
 */
export function readDer(bytes: Buffer, maxNodes: number): DerValue {
  const { offset, result } = parse(bytes, maxNodes);
  if (offset === -1 || result.error !== "") throw malformed(`not ASN.1: ${result.error || "it ends too early"}`);
  if (offset !== bytes.length) throw malformed(`${bytes.length - offset} bytes follow its end`);
  return strict(result, bytes, 0, bytes.length);
}

/** Whether an element is of a universal type. */
export function isUniversal(value: DerValue | undefined, tag: number): value is DerValue {
  return value?.tagClass === UNIVERSAL && value.tag === tag;
}

/** Whether an element is the explicit context-specific [tag]. */
export function isContext(value: DerValue | undefined, tag: number): value is DerValue {
  return value?.tagClass === CONTEXT && value.tag === tag && value.constructed;
}

/** The elements of a SEQUENCE. @param atLeast how many there must be */
export function sequenceOf(value: DerValue | undefined, what: string, atLeast = 0): readonly DerValue[] {
  if (!isUniversal(value, TAG.sequence)) throw malformed(`${what} must be a SEQUENCE`);
  if (value.children.length < atLeast)
    throw malformed(`${what} has ${value.children.length} elements, must have at least ${atLeast}`);
  return value.children;
}

/** A whole number from 0 to 2^31 - 1. */
export function wholeOf(value: DerValue | undefined, what: string): number {
  if (!isUniversal(value, TAG.integer)) throw malformed(`${what} must be an INTEGER`);
  const { content } = value;
  if (((content[0] ?? 0) & 0x80) !== 0 || content.length > 5 || content.readUIntBE(0, content.length) > 0x7fffffff)
    throw malformed(`${what} must be a number from 0 to 2147483647`);
  return content.readUIntBE(0, content.length);
}

export function octetsOf(value: DerValue | undefined, what: string): Buffer {
  if (!isUniversal(value, TAG.octetString)) throw malformed(`${what} must be an OCTET STRING`);
  return value.content;
}

export function textOf(value: DerValue | undefined, what: string): string {
  if (!isUniversal(value, TAG.utf8String)) throw malformed(`${what} must be a UTF8String`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value.content);
  } catch {
    throw malformed(`${what} is not UTF-8`);
  }
}

/** The dotted object identifier of an AlgorithmIdentifier. */
export function algorithmOidOf(identifier: DerValue): string {
  return oidOf(sequenceOf(identifier, "an algorithm identifier", 1)[0]);
}

/** An OBJECT IDENTIFIER with dots. */
export function oidOf(value: DerValue | undefined): string {
  if (!isUniversal(value, TAG.oid)) throw malformed("an object identifier is missing");
  if (value.content.length === 0 || value.content.length > MAX_OID_BYTES || ((value.content.at(-1) ?? 0) & 0x80) !== 0)
    throw malformed("an object identifier is damaged");
  const arcs: bigint[] = [];
  let arc = 0n;
  let begins = true;
  for (const byte of value.content) {
    if (begins && byte === 0x80) throw malformed("an object identifier is longer than it need be");
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    begins = (byte & 0x80) === 0;
    if (!begins) continue;
    if (arcs.length === 0) {
      const top = arc < 40n ? 0n : arc < 80n ? 1n : 2n;
      arcs.push(top, arc - 40n * top);
    } else arcs.push(arc);
    arc = 0n;
  }
  return arcs.join(".");
}

export function malformed(problem: string): CxError {
  return new CxError("format", problem);
}

function parse(bytes: Buffer, maxNodes: number): ReturnType<typeof fromBER> {
  try {
    return fromBER(bytes, { maxDepth: MAX_DEPTH, maxNodes, maxContentLength: bytes.length, parseEmbedded: false });
  } catch (error) {
    // The library answers some values, times for example, with an exception of no type of its own.
    throw malformed(`not ASN.1: ${(error as Error).message}`);
  }
}

/** @param from,to where the element must lie in `bytes`, all of it */
function strict(block: BaseBlock, bytes: Buffer, from: number, to: number): DerValue {
  const { idBlock, lenBlock } = block;
  // Of two zero bytes, which only BER ends with, the library makes an element without a tag.
  if (idBlock === undefined) throw malformed("not DER: an element has no tag");
  const headerBytes = idBlock.blockLength + lenBlock.blockLength;
  if (lenBlock.isIndefiniteForm) throw malformed("not DER: a length is left open");
  if (lenBlock.blockLength !== lengthBytes(lenBlock.length))
    throw malformed("not DER: a length is longer than it need be");
  if (idBlock.blockLength !== tagBytes(idBlock.tagNumber)) throw malformed("not DER: a tag is longer than it need be");
  if (from + headerBytes + lenBlock.length !== to) throw malformed("not DER: a length does not fit");
  const content = bytes.subarray(from + headerBytes, to);
  const { tagClass, tagNumber: tag, isConstructed: constructed } = idBlock;
  if (tagClass === UNIVERSAL) expectCanonical(tag, constructed, content);
  const children: DerValue[] = [];
  if (constructed) {
    let at = from + headerBytes;
    for (const child of (block.valueBlock as { value?: BaseBlock[] }).value ?? []) {
      const end = at + child.blockLength;
      children.push(strict(child, bytes, at, end));
      at = end;
    }
    if (at !== to) throw malformed("not DER: a length does not fit");
  }
  return { tagClass, tag, constructed, content, whole: bytes.subarray(from, to), children };
}

function expectCanonical(tag: number, constructed: boolean, content: Buffer): void {
  const isGroup = tag === TAG.sequence || tag === TAG.set;
  if (constructed !== isGroup && (isGroup || PRIMITIVE_STRINGS.includes(tag) || tag <= TAG.oid))
    throw malformed(`not DER: an element of type ${tag} is ${constructed ? "" : "not "}constructed`);
  if (tag === TAG.boolean && (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)))
    throw malformed("not DER: a BOOLEAN must be 00 or FF");
  if (tag === TAG.null && content.length !== 0) throw malformed("not DER: a NULL has content");
  if (tag === TAG.integer) {
    const [first = 0, second = 0] = content;
    if (content.length === 0) throw malformed("not DER: an INTEGER is empty");
    if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
      throw malformed("not DER: an INTEGER is longer than it need be");
  }
}

function lengthBytes(length: number): number {
  let bytes = 1;
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes++;
  return bytes;
}

function tagBytes(tag: number): number {
  let bytes = 1;
  if (tag >= 31) for (let rest = tag; rest > 0; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
