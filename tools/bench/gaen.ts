import { randomBytes } from "node:crypto";
import { beaconFileBytes, layOutBeaconReport } from "../../protocol/report/beaconReportFile";
import { GAEN_LAYOUT } from "../../protocol/report/gaenReport";
import { KEY_ID_BYTES } from "../../protocol/report/shard";
import { nativeSha256 } from "../base/sha256";
import { gaenExpansion, gaenSources } from "../gaen/expansion";
import type { Tek } from "../gaen/tek";
import { median, printMeasurements } from "./table";

const CASES = 1000;
const KEYS_A_CASE = 14;
const ROUNDS = 3;
const FIRST_DAY = 18_500;

/** Expanding a region's day of Exposure Notification keys on the host: every identifier made, sorted, packed and chained. */
export async function benchGaen(): Promise<void> {
  const teks: Tek[] = Array.from({ length: CASES * KEYS_A_CASE }, (_, i) => ({
    key: randomBytes(16),
    start: (FIRST_DAY + (i % KEYS_A_CASE)) * 144,
    period: 144,
    risk: 0,
    reportType: 1,
    onsetDays: (i % KEYS_A_CASE) - 10,
  }));
  const identity = { region: "US-MA", chunk: 1, published: 1_600_000_000, keyId: Buffer.alloc(KEY_ID_BYTES) };
  const seconds: number[] = [];
  const processor: number[] = [];
  let peak = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const start = process.hrtime.bigint();
    layOutBeaconReport(nativeSha256, gaenExpansion, identity, gaenSources(teks));
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
    const { user, system } = process.cpuUsage(before);
    processor.push((user + system) / 1e6);
    // The most that the whole process has taken so far, Node and this program's code included.
    peak = Math.max(peak, process.resourceUsage().maxRSS / 1024);
  }
  printMeasurements(
    `Expanding ${(CASES * KEYS_A_CASE).toLocaleString("en")} keys of ${CASES.toLocaleString("en")} cases on the host`,
    ["what", "measured", "at most"],
    [
      ["seconds", median(seconds).toFixed(2), "5"],
      ["seconds of a processor", median(processor).toFixed(2), ""],
      ["MB of memory, the whole process", peak.toFixed(0), "300"],
      ["bytes of the file", beaconFileBytes(GAEN_LAYOUT, teks.length).toLocaleString("en"), ""],
    ],
  );
}
