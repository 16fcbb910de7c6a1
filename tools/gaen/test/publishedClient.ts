// A client of Exposure Notification exports after Google's published rules ("Exposure Key File Format and Verification",
// 2020), on purpose without any code of ours: another unzip, a protobuf reader of its own, WebCrypto.

import { webcrypto } from "node:crypto";
import { unzipSync } from "fflate";

type Field = readonly [number: number, value: bigint | Uint8Array];

function fields(bytes: Uint8Array): Field[] {
  const out: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error("cut off");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    if (tag % 8 === 0) out.push([tag >> 3, varint()]);
    else if (tag % 8 === 1) {
      out.push([tag >> 3, new DataView(bytes.buffer, bytes.byteOffset + at).getBigUint64(0, true)]);
      at += 8;
    } else if (tag % 8 === 2) {
      const length = Number(varint());
      out.push([tag >> 3, bytes.subarray(at, at + length)]);
      at += length;
    } else throw new Error(`wire type ${tag % 8}`);
  }
  return out;
}

const first = (list: Field[], number: number) => list.find(([n]) => n === number)?.[1];
const all = (list: Field[], number: number) => list.filter(([n]) => n === number).map(([, v]) => v as Uint8Array);
const text = (value: bigint | Uint8Array | undefined) => new TextDecoder().decode(value as Uint8Array);

/** Takes a file's keys if one of its signatures is by this key, as a phone does; throws otherwise. */
export async function readAsClient(zip: Uint8Array, spki: Uint8Array, id: string, version: string) {
  const entries = unzipSync(zip);
  const bin = entries["export.bin"] as Uint8Array;
  const list = fields(entries["export.sig"] as Uint8Array);
  const signature = all(list, 1)
    .map(fields)
    .find((one) => {
      const info = fields(first(one, 1) as Uint8Array);
      return (
        text(first(info, 4)) === id &&
        text(first(info, 3)) === version &&
        text(first(info, 5)) === "1.2.840.10045.4.3.2"
      );
    });
  if (!signature || first(signature, 2) !== 1n || first(signature, 3) !== 1n) throw new Error("no signature for us");
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await webcrypto.subtle.importKey("spki", spki, curve, false, ["verify"]);
  const raw = rawOfDer(first(signature, 4) as Uint8Array);
  if (!(await webcrypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, bin))) throw new Error("forged");
  if (new TextDecoder().decode(bin.subarray(0, 16)) !== "EK Export v1    ") throw new Error("header");
  const body = fields(bin.subarray(16));
  const keys = all(body, 7)
    .map(fields)
    .map((one) => ({
      key: Buffer.from(first(one, 1) as Uint8Array).toString("hex"),
      start: Number(first(one, 3)),
      period: Number(first(one, 4) ?? 144n),
      reportType: Number(first(one, 5) ?? 0n),
      onset: first(one, 6) === undefined ? undefined : zigzag(first(one, 6) as bigint),
    }));
  return {
    start: Number(first(body, 1)),
    end: Number(first(body, 2)),
    region: text(first(body, 3)),
    batch: [Number(first(body, 4)), Number(first(body, 5))],
    keys,
    revised: all(body, 8).length,
  };
}

function zigzag(value: bigint): number {
  return Number(value % 2n === 0n ? value / 2n : -(value + 1n) / 2n);
}

function rawOfDer(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] as number;
    const value = der.subarray(at + 2, at + 2 + length);
    const digits = value.subarray(Math.max(0, length - 32));
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return raw;
}
