import type { Command } from "commander";
import { INTERVAL_MINUTES } from "../../../protocol/beacon/gaen";
import { readWhole } from "../../base/files";
import { minutesText } from "../../base/words";
import {
  keysOfExports,
  type MatchReport,
  type RpiEncounter,
  ScanMatcher,
  type TekMatch,
  TOLERANCE_INTERVALS,
} from "../../gaen/match";
import { parseScans } from "../../gaen/scans";
import { reportTypeName } from "../../gaen/tek";
import { CliError, EXIT } from "../errors";
import { note, printJson, printLine } from "../output";
import { decodeInput } from "../parse";
import { readExportFile, readPublicKey } from "./inspectGaen";

/** Some million sightings. */
const MAX_SCANS_BYTES = 256 * 1024 * 1024;

interface MatchOptions {
  scans: string;
  publicKey?: string[];
  unverified?: boolean;
  json?: boolean;
}

/** Attenuation classes, closest first, by the names that Exposure Notification gives them. */
const DISTANCES = ["immediate", "near", "medium", "other"] as const;
const INFECTIOUSNESS = ["none", "standard", "high"] as const;

/** `chirpfob gaen match`: phones of Exposure Notification in recorded sightings (docs/gaen.md). */
export function addGaenCommand(program: Command): void {
  const gaen = program.command("gaen").description("phones that speak Google's and Apple's Exposure Notification");
  gaen
    .command("match")
    .description("look for the phones of diagnosed people in recorded sightings")
    .argument("<export...>", "exports of keys, oldest first: export.zip files, as health authorities publish them")
    .requiredOption("--scans <file>", "JSON list of sightings: [{ time, rssi, rpi, aem }]")
    .option(
      "--public-key <pem>",
      "file with a health authority's public key, P-256 (repeatable); one of them must have signed each export",
      (value: string, before: string[] = []) => [...before, value],
    )
    .option("--unverified", "take exports that none of these keys has signed, too: anybody can have made them")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob gaen match --scans scans.json --public-key authority.pem export.zip --json",
    )
    .action(matchScans);
}

async function matchScans(files: string[], options: MatchOptions): Promise<void> {
  const paths = options.publicKey ?? [];
  if (paths.length === 0 && options.unverified !== true)
    throw new CliError(
      EXIT.usage,
      "name the health authority's public key with --public-key PEM; or say --unverified, and believe whoever made the exports",
    );
  const keys = await Promise.all(paths.map(readPublicKey));
  const scansFile = await readWhole(options.scans, MAX_SCANS_BYTES);
  const scans = decodeInput(options.scans, () => parseScans(scansFile.toString("utf8")));
  const exports = [];
  for (const file of files) {
    const read = await readExportFile(file, keys);
    if (!read.isVerified && options.unverified !== true)
      throw new CliError(
        EXIT.input,
        `${file} is not verified: ${read.signatures[0]?.reason ?? "it has no signature"}. Nothing was matched; --unverified would match it all the same`,
      );
    exports.push({ file, read });
  }
  const teks = keysOfExports(exports.map(({ read }) => ({ added: read.added.keys, revised: read.revised.keys })));
  const report = new ScanMatcher(scans).match(teks);
  const facts = {
    unverified: options.unverified === true,
    toleranceMinutes: TOLERANCE_INTERVALS * INTERVAL_MINUTES,
    exports: exports.map(({ file, read }) => ({
      file,
      region: read.region,
      verified: read.isVerified,
      keys: read.added.keys.length,
      revisedKeys: read.revised.keys.length,
      refused: read.added.refused.length + read.revised.refused.length,
    })),
    keys: teks.length,
    scans: { read: scans.length, matched: report.matchedScans, refused: report.refusedScans },
    matches: report.matches.map(describeMatch),
    days: report.days.map(({ day, ...rest }) => ({ day: isoDay(day), ...rest })),
  };
  if (options.json) printJson(facts);
  else printReport(report, scans.length);
  if (exports.some(({ read }) => !read.isVerified))
    note("Unverified: not every export is signed by a key that you gave. Anybody can have made these keys.");
}

/** The field names are documented in docs/gaen.md, "Matching". */
function describeMatch({ tek, infectiousness, weight, minutesByClass, encounters }: TekMatch) {
  return {
    source: "phone",
    key: tek.key.toString("hex"),
    start: tek.start,
    period: tek.period,
    type: reportTypeName(tek.reportType),
    onset: tek.onsetDays ?? null,
    infectiousness: INFECTIOUSNESS[infectiousness],
    weight,
    minutes: sum(minutesByClass),
    minutesByDistance: Object.fromEntries(DISTANCES.map((name, i) => [name, minutesByClass[i]])),
    encounters: encounters.map(describeEncounter),
  };
}

function describeEncounter(encounter: RpiEncounter) {
  const { rpi, interval, firstMinute, lastMinute, minutes, txPower, maxRssi } = encounter;
  return {
    rpi: rpi.toString("hex"),
    interval,
    from: isoMinute(firstMinute),
    to: isoMinute(lastMinute + 1),
    minutes,
    txPower,
    maxRssi,
    attenuationDb: encounter.attenuationDb,
    distance: DISTANCES[encounter.attenuationClass],
  };
}

function printReport({ matches, days, matchedScans }: MatchReport, scans: number): void {
  if (matches.length === 0) printLine("None of these sightings is of a phone whose key was published.");
  else printLine(`${matchedScans} of ${scans} sightings are of phones whose keys were published.`);
  for (const { tek, minutesByClass } of matches) {
    const parts = DISTANCES.flatMap((name, i) => (minutesByClass[i] ? [`${minutesByClass[i]} ${name}`] : []));
    printLine(
      `a phone (${reportTypeName(tek.reportType)}, key ${tek.key.toString("hex")}): ${minutesText(sum(minutesByClass))}: ${parts.join(", ")}`,
    );
  }
  for (const { day, minutes, weightedMinutes, advice } of days)
    printLine(`${isoDay(day)}: ${minutesText(minutes)}, weighing ${weightedMinutes.toFixed(1)}: ${advice}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function isoMinute(minute: number): string {
  return new Date(minute * 60_000).toISOString();
}

function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
