import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import { encodeRegion } from "../base/region";
import { firstMinuteOfHour, hourOfMinute, hourOfSeconds, minuteOfSeconds } from "../base/time";
import { ChirpDeriver, chirpOf } from "../beacon/chirp";
import { findMyCodec } from "../beacon/findMy";
import { decodeChirpFrame, encodeChirpFrame, pactCodec, TEST_COMPANY } from "../beacon/pact";
import { Beacon } from "../beacon/sighting";
import { decodeRow, openMetadata, sealRow } from "../log/contactRow";
import { decodePermissionNumber, encodePermissionNumber } from "../report/permissionNumber";
import { decodeShardBlock, encodeShardBlock, ShardReader } from "../report/shard";
import { decodeShardFile, layOutShard, packBlocks, type ReleasedSeed } from "../report/shardFile";
import { decodeUploadFile, encodeUploadFile } from "../report/uploadFile";
import * as arb from "./arbitraries";

const IDENTITY = { region: "US-MA", chunk: 3, published: 1_793_000_000, keyId: Buffer.alloc(8, 1) };

describe("time", () => {
  it("counts whole minutes and hours since 1970", () => {
    expect(minuteOfSeconds(59)).toBe(0);
    expect(minuteOfSeconds(60)).toBe(1);
    expect(hourOfSeconds(7199)).toBe(1);
    expect(hourOfMinute(119)).toBe(1);
    expect(firstMinuteOfHour(2)).toBe(120);
  });
});

describe("chirps", () => {
  it("differ between minutes and between seeds", () => {
    const chirps = new Set<string>();
    for (const fill of [0, 1])
      for (let t = 0; t < 60; t++) chirps.add(chirpOf(sha256, Buffer.alloc(32, fill), t).toString("hex"));
    expect(chirps.size).toBe(120);
  });

  it("can be derived one after the other from one deriver, in any order of minutes and seeds", () => {
    const deriver = new ChirpDeriver(sha256);
    fc.assert(
      fc.property(arb.seed, arb.u32, (seed, minute) => {
        deriver.useSeed(seed);
        expect(deriver.chirp(minute)).toEqual(chirpOf(sha256, seed, minute));
      }),
    );
  });
});

describe("frames", () => {
  it("carry any chirp, power and age unharmed", () => {
    fc.assert(
      fc.property(arb.chirp, arb.i8, fc.nat(10), fc.nat(0xffff), (chirp, txPower, age, company) => {
        const { advA, advData } = encodeChirpFrame(chirp, txPower, age, company);
        expect(advA[0] as number).toBeLessThan(0x40);
        expect(pactCodec().claims(3, advData, 0, advData.length, company)).toBe(true);
        expect(decodeChirpFrame(advA, advData, company)).toEqual({
          kind: Beacon.Pact,
          id: chirp,
          txPowerDbm: txPower,
          age,
        });
      }),
    );
  });

  it("refuse an age above 10, another version, a set spare bit, another company and an address of another kind", () => {
    const { advA, advData } = encodeChirpFrame(Buffer.alloc(28, 0xab), -8, 0, TEST_COMPANY);
    const broken = (change: (a: Buffer, d: Buffer) => void) => () => {
      const [a, d] = [Buffer.from(advA), Buffer.from(advData)];
      change(a, d);
      return decodeChirpFrame(a, d, TEST_COMPANY);
    };
    expect(broken(() => undefined)).not.toThrow();
    expect(broken((_, d) => d.fill(11, 8, 9))).toThrow(/frame.age at offset 8/);
    for (const bit of [0, 1, 2, 3, 4, 5])
      expect(broken((_, d) => d.fill((d[6] as number) ^ (1 << bit), 6, 7))).toThrow(/frame.ctl at offset 6/);
    expect(broken((_, d) => d.fill(0xfe, 2, 3))).toThrow(/frame.header/);
    expect(broken((_, d) => d.fill(0x42, 5, 6))).toThrow(/frame.magic/);
    expect(broken((a) => a.fill((a[0] as number) | 0x40, 0, 1))).toThrow(/frame.advA/);
    expect(() => encodeChirpFrame(Buffer.alloc(28), 0, 11, TEST_COMPANY)).toThrow(/frame.age/);
    expect(() => encodeChirpFrame(Buffer.alloc(28), 200, 0, TEST_COMPANY)).toThrow(/frame.txPower/);
  });

  it("read Apple Find My advertisements, whose key has its top bits near the end", () => {
    fc.assert(
      fc.property(arb.chirp, fc.nat(255), fc.nat(255), (key, status, hint) => {
        const frame = arb.findMyFrame(key, status, hint);
        const [advA, advData] = [frame.subarray(0, 6), frame.subarray(6)];
        const codec = findMyCodec();
        expect(codec.claims(0, advData, 0, advData.length, TEST_COMPANY)).toBe(true);
        expect(codec.decode(advA, advData, TEST_COMPANY)).toEqual({
          kind: Beacon.FindMy,
          id: key,
          txPowerDbm: 0,
          age: 0,
        });
      }),
    );
  });
});

describe("contact rows", () => {
  it("open under their chirp and origin minute, with delay and hearings saturated at 15", () => {
    fc.assert(
      fc.property(arb.chirp, arb.u32, arb.metadata, fc.nat(40), (chirp, minute, metadata, more) => {
        const row = decodeRow(
          sealRow(sha256, Beacon.Pact, chirp, minute, { ...metadata, hearings: metadata.hearings + more }),
        );
        expect(row.minuteInHour).toBe(minute % 60);
        const opened = openMetadata(sha256, Beacon.Pact, row.sealed, chirp, minute);
        expect(opened).toEqual({ ...metadata, hearings: Math.min(15, metadata.hearings + more) });
      }),
    );
  });

  it("stay sealed under any other chirp", () => {
    const metadata = { maxRssi: -60, txPower: -8, delay: 0, hearings: 3 };
    let opened = 0;
    for (let i = 0; i < 2000; i++) {
      const chirp = chirpOf(sha256, Buffer.alloc(32, 1), i);
      const other = Buffer.from(chirp);
      other[27] = (other[27] as number) ^ 1;
      const { sealed } = decodeRow(sealRow(sha256, Beacon.Pact, chirp, i, metadata));
      if (JSON.stringify(openMetadata(sha256, Beacon.Pact, sealed, other, i)) === JSON.stringify(metadata)) opened++;
    }
    expect(opened).toBeLessThanOrEqual(1);
  });
});

describe("upload files", () => {
  it("hold the full grid, and nothing of it gets lost", () => {
    fc.assert(
      fc.property(arb.uploadFile(40), (upload) => {
        const file = encodeUploadFile(upload);
        expect(file.length).toBe(72 + 40 * upload.seeds.length);
        expect(decodeUploadFile(file)).toEqual(upload);
      }),
    );
  });

  it("refuse a gap in the grid, a t1 off the hour and a t2 that is not 60 minutes later", () => {
    const file = encodeUploadFile({
      regions: ["DE"],
      reverseFrom: 0,
      reverseTo: 0,
      firstHour: 500_000,
      seeds: [Buffer.alloc(32), Buffer.alloc(32)],
    });
    const changed = (at: number, minute: number) => () => {
      const copy = Buffer.from(file);
      copy.writeUInt32BE(minute, at);
      return decodeUploadFile(copy);
    };
    expect(changed(72 + 40 + 32, 500_002 * 60)).toThrow(/upload.t1 at offset 144/);
    expect(changed(72 + 32, 500_000 * 60 + 1)).toThrow(/not on the hour/);
    expect(changed(72 + 36, 500_000 * 60 + 59)).toThrow(/upload.t2 at offset 108/);
  });
});

describe("regions", () => {
  it.each(["US-MA", "GB-ENG", "DE", "AR-B", "FR-75"])("accept %s", (text) => {
    expect(encodeRegion(text).toString("latin1").replace(/\0+$/, "")).toBe(text);
  });

  it.each(["", "U", "us-ma", "US-", "US-MASS", "USA", "1A-BC", "US MA", "US-É"])("refuse %j", (text) => {
    expect(() => encodeRegion(text)).toThrow(/region/);
  });
});

describe("shards", () => {
  const released = fc.array(arb.releasedSeed, { maxLength: 60 });

  it("come back whole, sorted by hour and bytes, without doubles, whatever the order they were given in", () => {
    fc.assert(
      fc.property(released, fc.nat(), (seeds, rotation) => {
        const turned = seeds.map((_, i) => seeds[(i + rotation) % seeds.length] as ReleasedSeed);
        const { unsigned, chain } = layOutShard(sha256, IDENTITY, packBlocks([...turned, ...seeds.slice(0, 3)]));
        const file = decodeShardFile(sha256, Buffer.concat([unsigned, Buffer.alloc(7856)]));
        expect(file.chain).toEqual(chain);
        const flat = file.blocks.flatMap((b) => b.seeds.map((s) => `${b.hour}:${s.toString("hex")}`));
        expect(flat).toEqual([...new Set(seeds.map((s) => `${s.hour}:${s.seed.toString("hex")}`))].sort());
        expect(file.header.seeds).toBe(flat.length);
        const reversed = file.blocks.flatMap((b) =>
          b.seeds.filter((_, i) => (b.reverseMask >> i) & 1).map((s) => s.toString("hex")),
        );
        expect(new Set(reversed)).toEqual(new Set(seeds.filter((s) => s.reverse).map((s) => s.seed.toString("hex"))));
      }),
    );
  });

  it("chain as written: c_0 = SHA-256(header), c_i = SHA-256(c_(i-1) || block_i)", () => {
    const { unsigned, chain } = layOutShard(
      sha256,
      IDENTITY,
      packBlocks(
        [0, 1, 2, 3, 4, 5, 6].map((fill) => ({ hour: 500_000, seed: Buffer.alloc(32, fill), reverse: false })),
      ),
    );
    let c = sha256(unsigned.subarray(0, 64));
    for (let at = 64; at < unsigned.length; at += 200) c = sha256(Buffer.concat([c, unsigned.subarray(at, at + 200)]));
    expect(unsigned.length).toBe(64 + 2 * 200);
    expect(chain).toEqual(c);
  });

  it("refuse a block out of order, and take the right one afterwards", () => {
    const seedsOf = (hour: number) =>
      [0, 1, 2, 3, 4, 5, 6, 7].map((fill) => ({ hour, seed: Buffer.alloc(32, fill), reverse: false }));
    const { unsigned, chain } = layOutShard(sha256, IDENTITY, packBlocks([...seedsOf(500_000), ...seedsOf(500_001)]));
    const block = (i: number) => unsigned.subarray(64 + i * 200, 264 + i * 200);
    const reader = new ShardReader(sha256, unsigned.subarray(0, 64));
    reader.accept(block(0));
    expect(() => reader.accept(block(0))).toThrow(/ascend/);
    expect(() => reader.accept(block(3))).not.toThrow();
    const again = new ShardReader(sha256, unsigned.subarray(0, 64));
    for (const i of [0, 1, 2]) again.accept(block(i));
    expect(() => again.accept(block(1))).toThrow(/descend|last hour/);
    expect(again.isComplete()).toBe(false);
    again.accept(block(3));
    expect(again.isComplete()).toBe(true);
    expect(again.chain()).toEqual(chain);
    expect(() => again.accept(block(3))).toThrow(/more blocks/);
  });

  it("refuse a partly filled block before the last of its hour, and a double", () => {
    const partial = encodeShardBlock({ hour: 500_000, seeds: [Buffer.alloc(32, 1)], reverseMask: 0 });
    const next = encodeShardBlock({ hour: 500_000, seeds: [Buffer.alloc(32, 2)], reverseMask: 0 });
    const header = Buffer.from(layOutShard(sha256, IDENTITY, []).unsigned);
    header.writeUInt32BE(500_000, 24);
    header.writeUInt32BE(500_000, 28);
    header.writeUInt32BE(2, 32);
    header.writeUInt32BE(2, 36);
    const reader = new ShardReader(sha256, header);
    reader.accept(partial);
    expect(() => reader.accept(next)).toThrow(/partly filled/);
    expect(() => encodeShardBlock({ hour: 1, seeds: [Buffer.alloc(32), Buffer.alloc(32)], reverseMask: 0 })).toThrow(
      /ascend/,
    );
    expect(() => decodeShardBlock(Buffer.alloc(200))).toThrow(/block.count/);
  });

  it("stay empty when nothing is released", () => {
    const { unsigned } = layOutShard(sha256, IDENTITY, packBlocks([]));
    const { header } = decodeShardFile(sha256, Buffer.concat([unsigned, Buffer.alloc(7856)]));
    expect(header).toMatchObject({ blocks: 0, seeds: 0, firstHour: 0, lastHour: 0 });
  });
});

describe("permission numbers", () => {
  it("survive being read aloud: lower case, I or L for 1, O for 0, any grouping", () => {
    fc.assert(
      fc.property(arb.bytes(16), fc.nat(4), (value, style) => {
        const text = encodePermissionNumber(value);
        expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z*~$=U]$/);
        const spoken = [
          text.toLowerCase(),
          text.replace(/-/g, ""),
          text.replace(/-/g, " "),
          text.replace(/1/g, "l"),
          text.replace(/0/g, "o").replace(/1/g, "I"),
        ][style] as string;
        expect(decodePermissionNumber(spoken)).toEqual(value);
      }),
    );
  });

  it("notice any single wrong symbol and any two neighbours swapped", () => {
    const text = encodePermissionNumber(Buffer.from("000102030405060708090a0b0c0d0e0f", "hex")).replace(/-/g, "");
    for (let i = 0; i < text.length - 1; i++) {
      for (const symbol of "0123456789ABCDEFGHJKMNPQRSTVWXYZ") {
        if (symbol === text[i]) continue;
        expect(() => decodePermissionNumber(text.slice(0, i) + symbol + text.slice(i + 1))).toThrow(/permission/);
      }
      if (text[i] === text[i + 1]) continue;
      const swapped = `${text.slice(0, i)}${text[i + 1]}${text[i]}${text.slice(i + 2)}`;
      expect(() => decodePermissionNumber(swapped)).toThrow(/permission/);
    }
  });

  it("say what is wrong with them", () => {
    expect(() => decodePermissionNumber("")).toThrow(/0 symbols, must be 27/);
    expect(() => decodePermissionNumber("!")).toThrow(/"!" is not a symbol/);
    expect(() => decodePermissionNumber("8".padEnd(27, "0"))).toThrow(/first symbol must be 0 to 7/);
    expect(() => decodePermissionNumber("0".repeat(28))).toThrow(/more than 27/);
  });
});
