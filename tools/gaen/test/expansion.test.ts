import { readFileSync } from "node:fs";
import { slh_dsa_sha2_128s as slhDsa } from "@noble/post-quantum/slh-dsa.js";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { SlhDsaVerifier } from "../../../protocol/crypto/slhDsa";
import { BEACON_SIGNATURE_CONTEXT, BeaconReportReader } from "../../../protocol/report/beaconReport";
import {
  beaconBlocks,
  beaconReportMessage,
  decodeBeaconReportFile,
  layOutBeaconReport,
  MAX_SOURCES,
} from "../../../protocol/report/beaconReportFile";
import { encodeGaenSource, GAEN_LAYOUT, GAEN_SOURCE_BYTES } from "../../../protocol/report/gaenReport";
import { keyIdOf } from "../../../protocol/report/shard";
import { sha256 } from "../../base/sha256";
import { SeededRandom } from "../../sim/core/random";
import { gaenExpansion, gaenSources } from "../expansion";
import type { Tek } from "../tek";

const VECTORS = JSON.parse(
  readFileSync(new URL("../../../protocol/test/vectors/gaen-v1.2.json", import.meta.url), "utf8"),
) as { enin0: number; tek: string; data: { rpi: string; aem: string }[] };
const VECTOR_TEK: Tek = {
  key: Buffer.from(VECTORS.tek, "hex"),
  start: VECTORS.enin0,
  period: 144,
  risk: 0,
  reportType: 1,
  onsetDays: 0,
};
const IDENTITY = { region: "US-MA", chunk: 3, published: 1_585_900_000, keyId: Buffer.alloc(8, 1) };

/** Keys of a few days with starts and periods as real files have them, from a printed seed. */
function someTeks(count: number, seed: string): Tek[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => {
    const draw = Buffer.from(random.bytes(4));
    return {
      key: Buffer.from(random.bytes(16)),
      start: VECTORS.enin0 + (draw.readUInt16BE(0) % 500),
      period: 1 + ((draw[2] as number) % 144),
      risk: 0,
      reportType: 1 + ((draw[3] as number) % 3),
      onsetDays: undefined,
    };
  });
}

describe("the expansion of the published vectors' key", () => {
  const blocks = [...beaconBlocks(gaenExpansion, gaenSources([VECTOR_TEK]))];

  it("is one block an interval, with its RPI, the byte that opens its transmit power, and its class", () => {
    expect(blocks).toHaveLength(144);
    for (const [i, { rpi, aem }] of VECTORS.data.entries()) {
      const keystream = Buffer.from([(Buffer.from(aem, "hex")[1] as number) ^ 8]).toString("hex");
      // Confirmed test, high infectiousness: 1 << 2 | 2.
      const expected = `${(VECTORS.enin0 + i).toString(16).padStart(8, "0")}01000000${rpi}${keystream}06`;
      expect(blocks[i]?.toString("hex")).toBe(expected.padEnd(400, "0"));
    }
  });
});

describe("the expansion of many keys", () => {
  const teks = [...someTeks(60, "expansion"), VECTOR_TEK];
  const sources = gaenSources(teks);
  const blocks = [...beaconBlocks(gaenExpansion, sources)];

  it("has every identifier of every key once, in one order, and is announced exactly", () => {
    const { unsigned } = layOutBeaconReport(sha256, gaenExpansion, IDENTITY, sources);
    const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, unsigned.subarray(0, 64));
    for (const block of blocks) reader.accept(block);
    expect(reader.isComplete()).toBe(true);
    expect(reader.header.entries).toBe(teks.reduce((sum, { period }) => sum + period, 0));
    expect(reader.header.sources).toBe(61);
  });

  it("does not depend on the order in which the keys came, or on one that came twice", () => {
    expect(gaenSources([...teks].reverse())).toEqual(sources);
    expect(gaenSources([...teks, VECTOR_TEK])).toEqual(sources);
  });

  it("takes keys that begin at the first interval or end at the last one", () => {
    const edges = [
      { tek: Buffer.alloc(16, 1), start: 0, period: 3, keyClass: 5 },
      { tek: Buffer.alloc(16, 2), start: 0xffffffff, period: 1, keyClass: 5 },
    ];
    const table = Buffer.concat(edges.map(encodeGaenSource));
    expect([...beaconBlocks(gaenExpansion, table)].map((block) => block.readUInt32BE(0))).toEqual([
      0, 1, 2, 0xffffffff,
    ]);
    expect(() => layOutBeaconReport(sha256, gaenExpansion, IDENTITY, table)).not.toThrow();
  });
});

describe("the blocks of an interval", () => {
  it("are in the order of all bytes, also of identifiers that begin alike", () => {
    const random = new SeededRandom("alike");
    const entries = Array.from({ length: 200 }, (_, i) =>
      Buffer.concat([Buffer.alloc(4, i % 3), Buffer.from(random.bytes(14))]),
    );
    const expansion = { ...gaenExpansion, expand: () => [{ interval: 7, entries: Buffer.concat(entries) }] };
    const packed = [...beaconBlocks(expansion, Buffer.alloc(0))].map((block) => block.subarray(8, 188));
    expect(Buffer.concat(packed).equals(Buffer.concat(entries.sort(Buffer.compare)))).toBe(true);
  });
});

describe("a beacon report of phones' keys", () => {
  const keys = slhDsa.keygen(Buffer.alloc(48, 7));
  const publicKey = Buffer.from(keys.publicKey);
  const identity = { ...IDENTITY, keyId: keyIdOf(sha256, publicKey) };
  const sources = gaenSources(someTeks(12, "report"));
  const { unsigned, message } = layOutBeaconReport(sha256, gaenExpansion, identity, sources);
  const context = Buffer.from(BEACON_SIGNATURE_CONTEXT);
  const signature = Buffer.from(slhDsa.sign(message, keys.secretKey, { context, extraEntropy: Buffer.alloc(16) }));
  const file = Buffer.concat([unsigned, signature]);

  const isGenuine = (signed: Buffer, by: Buffer = signature): boolean => {
    const verifier = new SlhDsaVerifier(sha256, publicKey, by, signed, context);
    while (verifier.step());
    return verifier.isValid();
  };

  it("carries its sources only, and is verified by whoever expands them", () => {
    expect(file.length).toBe(64 + 12 * 24 + 7856);
    const read = decodeBeaconReportFile(GAEN_LAYOUT, file);
    expect(read.header).toMatchObject({ kind: 1, region: "US-MA", chunk: 3, published: 1_585_900_000, sources: 12 });
    expect(read.sources).toEqual(sources);
    expect(isGenuine(beaconReportMessage(sha256, gaenExpansion, read), read.signature)).toBe(true);
  });

  it("is verified by a keyfob that gets blocks and a digest, and has SHA-256 alone", () => {
    const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, unsigned.subarray(0, 64));
    for (const block of beaconBlocks(gaenExpansion, sources)) reader.accept(block);
    expect(isGenuine(reader.signedMessage(sha256(sources)))).toBe(true);
  });

  it("signs something else if any bit of header, sources or blocks is another", () => {
    for (let bit = 0; bit < unsigned.length * 8; bit += 29) {
      const changed = Buffer.from(file);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      let signed: Buffer | undefined;
      try {
        signed = beaconReportMessage(sha256, gaenExpansion, decodeBeaconReportFile(GAEN_LAYOUT, changed));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
      expect(signed?.equals(message) ?? false, `bit ${bit}`).toBe(false);
    }
    const blocks = [...beaconBlocks(gaenExpansion, sources)];
    const [first] = blocks as [Buffer];
    for (let bit = 0; bit < 1600; bit += 17) {
      const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, unsigned.subarray(0, 64));
      const changed = Buffer.from(first);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        for (const block of [changed, ...blocks.slice(1)]) reader.accept(block);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        continue;
      }
      expect(reader.signedMessage(sha256(sources)).equals(message), `bit ${bit}`).toBe(false);
    }
    expect(isGenuine(Buffer.concat([message.subarray(32), message.subarray(0, 32)]))).toBe(false);
  });

  it("is empty if nobody has anything to tell", () => {
    const empty = layOutBeaconReport(sha256, gaenExpansion, identity, Buffer.alloc(0));
    expect(decodeBeaconReportFile(GAEN_LAYOUT, Buffer.concat([empty.unsigned, signature])).header).toMatchObject({
      blocks: 0,
      entries: 0,
      sources: 0,
      firstInterval: 0,
      lastInterval: 0,
    });
  });

  it.each<[string, (file: Buffer) => Buffer, string]>([
    [
      "is cut in its header",
      (f) => f.subarray(0, 63),
      "beacon at offset 63: 63 bytes, shorter than the 64-byte header",
    ],
    ["is cut", (f) => f.subarray(0, -1), "12 sources make 8208"],
    ["is a shard", (f) => change(f, 4, "SHRD"), 'beacon.magic at offset 0: must be "PACTBCNR"'],
    ["is of another version", (f) => change(f, 8, "\x02"), "beacon.version"],
    ["is of another kind", (f) => change(f, 9, "\x02"), "beacon.kind at offset 9: 2, must be 1"],
    ["has something in a reserved place", (f) => change(f, 60, "\x01"), "beacon.reserved"],
    ["has sources that do not ascend", swapSources, "beacon.sources at offset 88: sources must ascend and differ"],
    ["has a key twice", twice, "source.tek at offset 24: stands there twice"],
    ["has a key that lasts too long", (f) => change(f, 64 + 20, "\xff"), "source.period at offset 20: 255"],
    ["has a class that there is not", (f) => change(f, 64 + 21, "\xff"), "source.class"],
    ["has a source with something reserved", (f) => change(f, 64 + 23, "\x01"), "source.reserved"],
    ["announces other blocks", (f) => change(f, 32, "\x00\x00\x00\x7f"), "beacon."],
  ])("is refused if it %s", (_, damage, message_) => {
    expect(() =>
      beaconReportMessage(sha256, gaenExpansion, decodeBeaconReportFile(GAEN_LAYOUT, damage(Buffer.from(file)))),
    ).toThrow(message_);
  });

  it("has at most 30,000 sources, counted before anything of that size is made", () => {
    const lying = Buffer.from(file);
    lying.writeUInt32BE(0xffffffff, 48);
    expect(() => decodeBeaconReportFile(GAEN_LAYOUT, lying)).toThrow("4294967295 sources, must be at most 30000");
    const table = Buffer.alloc((MAX_SOURCES + 1) * GAEN_SOURCE_BYTES);
    expect(() => layOutBeaconReport(sha256, gaenExpansion, identity, table)).toThrow("30001 sources");
  });
});

describe("blocks from a host that lies", () => {
  const teks = Array.from({ length: 12 }, (_, i) => ({ ...VECTOR_TEK, key: Buffer.alloc(16, i + 1), period: 2 }));
  const sources = gaenSources(teks);
  const header = layOutBeaconReport(sha256, gaenExpansion, IDENTITY, sources).unsigned.subarray(0, 64);
  const [first, second, third, fourth] = [...beaconBlocks(gaenExpansion, sources)] as [Buffer, Buffer, Buffer, Buffer];

  it.each<[string, Buffer[], string]>([
    ["begin with another interval", [third], "block.interval at offset 0: first block is not of the first interval"],
    ["leave room in a block that is not an interval's last", [second, first], "block.count at offset 4"],
    ["come again", [first, first], "block.entries at offset 8: identifiers of an interval must ascend"],
    ["go back", [first, second, third, second], "block.interval at offset 0"],
    ["go on behind the last", [first, second, third, fourth, fourth], "more blocks than the header says"],
    ["have no entries", [change(first, 4, "\x00")], "0 entries, must be 1 to 10"],
    ["have eleven entries", [change(first, 4, "\x0b")], "11 entries, must be 1 to 10"],
    ["have something reserved", [change(first, 5, "\x01")], "block.reserved"],
    ["have something behind their entries", [change(first, 199, "\x01")], "block.entries at offset 188"],
    ["are cut", [first.subarray(0, 199)], "block at offset 199: 199 bytes, must be 200"],
    ["have an entry twice", [doubled(first)], "identifiers must ascend and differ"],
  ])("are refused if they %s", (_, blocks, message) => {
    const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, header);
    expect(() => {
      for (const block of blocks) reader.accept(block);
    }).toThrow(message);
  });

  it("may be followed by the right one after an error", () => {
    const reader = new BeaconReportReader(sha256, GAEN_LAYOUT, header);
    for (const block of [first, second, third, fourth]) {
      expect(() => reader.accept(doubled(first))).toThrow(FormatError);
      reader.accept(block);
    }
    expect(reader.isComplete()).toBe(true);
  });
});

function change(bytes: Buffer, at: number, text: string): Buffer {
  const changed = Buffer.from(bytes);
  changed.write(text, at, "latin1");
  return changed;
}

function swapSources(file: Buffer): Buffer {
  const [a, b] = [file.subarray(64, 88), file.subarray(88, 112)];
  return Buffer.concat([file.subarray(0, 64), b, a, file.subarray(112)]);
}

/** The first key with a second span: the table ascends all the same. */
function twice(file: Buffer): Buffer {
  const again = Buffer.from(file.subarray(64, 88));
  again.writeUInt32BE(again.readUInt32BE(16) + 1, 16);
  return Buffer.concat([file.subarray(0, 88), again, file.subarray(112)]);
}

function doubled(block: Buffer): Buffer {
  const changed = Buffer.from(block);
  changed.copy(changed, 8, 26, 44);
  return changed;
}
