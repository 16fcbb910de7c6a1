// An independent decoder's word: Wireshark's dissector of Exposure Notification, over frames that we make.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeGaenFrame, RPI_BYTES, sealAem } from "../../../protocol/beacon/gaen";
import { hasTool } from "../../../test/tools";
import { SeededRandom } from "../../sim/core/random";
import { expandDay } from "../keySchedule";

const SEED = "frames for tshark";
const PHONES = 10;
const START = 2_649_888;

// pcap, link type LINKTYPE_BLUETOOTH_LE_LL: access address of advertising, PDU, CRC.
const LINK_TYPE = 251;
const ACCESS_ADDRESS = Buffer.from("d6be898e", "hex");
const ADV_NONCONN_IND = 2;
const RANDOM_ADDRESS = 0x40;

function pcap(frames: readonly { advA: Buffer; advData: Buffer }[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(LINK_TYPE, 20);
  const records = frames.flatMap(({ advA, advData }, i) => {
    const pdu = Buffer.from([ADV_NONCONN_IND | RANDOM_ADDRESS, advA.length + advData.length]);
    const packet = Buffer.concat([ACCESS_ADDRESS, pdu, Buffer.from(advA).reverse(), advData, Buffer.alloc(3)]);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(START * 600 + i, 0);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return [record, packet];
  });
  return Buffer.concat([header, ...records]);
}

const folder = mkdtempSync(join(tmpdir(), "chirpfob-tshark-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasTool("tshark"))(`a day of ${PHONES} phones' frames (seed "${SEED}")`, () => {
  it("means to tshark's dissector of Exposure Notification what it means to us, in both layouts", () => {
    const random = new SeededRandom(SEED);
    const frames: { advA: Buffer; advData: Buffer }[] = [];
    const made: string[] = [];
    for (let phone = 0; phone < PHONES; phone++) {
      const { rpis, keystreams } = expandDay(Buffer.from(random.bytes(16)), START);
      for (let i = 0; i < 144; i++) {
        const rpi = rpis.subarray(i * RPI_BYTES, (i + 1) * RPI_BYTES);
        const aem = sealAem(-phone, keystreams.subarray(i * RPI_BYTES, (i + 1) * RPI_BYTES));
        const advA = Buffer.from(random.bytes(6));
        // Non-resolvable private addresses (two top bits 00) and resolvable ones (01).
        advA[0] = ((advA[0] as number) & 0x3f) | (phone % 2 === 0 ? 0 : 0x40);
        frames.push({ advA, advData: encodeGaenFrame(rpi, aem, phone % 3 === 0) });
        made.push(`${rpi.toString("hex")}\t${aem.toString("hex")}`);
      }
    }
    const trace = join(folder, "day.pcap");
    writeFileSync(trace, pcap(frames));
    const read = (filter: string, ...fields: string[]) =>
      execFileSync("tshark", ["-r", trace, "-Y", filter, "-T", "fields", ...fields.flatMap((field) => ["-e", field])], {
        encoding: "utf8",
        maxBuffer: 1e8,
        stdio: ["ignore", "pipe", "ignore"],
      })
        .split("\n")
        .filter((line) => line !== "");
    expect(read("_ws.malformed", "frame.number")).toEqual([]);
    const decoded = read("bluetooth.gaen", "bluetooth.gaen.rpi", "bluetooth.gaen.aemd");
    expect(decoded.map((line) => line.replaceAll(":", ""))).toEqual(made);
  });
});
