import type { Command } from "commander";
import { MAX_U32 } from "../../../protocol/base/time";
import {
  decodeGaenFrame,
  INTERVAL_MINUTES,
  MAX_ROLLING_PERIOD,
  openAem,
  RPI_BYTES,
  TEK_BYTES,
} from "../../../protocol/beacon/gaen";
import { readWhole } from "../../base/files";
import { type GaenExport, readExport, type TekList } from "../../gaen/exportFile";
import { expandDay, KeySchedule } from "../../gaen/keySchedule";
import { parsePublicKey, type VerificationKey } from "../../gaen/signature";
import { reportTypeName, type Tek } from "../../gaen/tek";
import { CliError, EXIT } from "../errors";
import { note, printFacts, printJson, printLine, printTable } from "../output";
import { decodeInput, parseHex, parseWhole } from "../parse";

/** Two entries of the most that is read, and as much for others. */
const MAX_ARCHIVE_BYTES = 256 * 1024 * 1024;
const MAX_KEY_BYTES = 64 * 1024;

interface JsonOption {
  json?: boolean;
}

interface ExportOptions extends JsonOption {
  publicKey?: string;
  keyId?: string;
  keyVersion?: string;
}

/** `chirpfob inspect gaen-export|gaen-frame|gaen-key`: Exposure Notification, taken apart (docs/gaen.md). */
export function addGaenInspectCommands(inspect: Command): void {
  inspect
    .command("gaen-export")
    .description("read an export of Exposure Notification keys and check its signatures")
    .argument("<file>", "export.zip, as health authorities publish them")
    .option("--public-key <pem>", "file with the authority's public key (P-256); fails if it did not sign the file")
    .option("--key-id <id>", "take only signatures with this key id")
    .option("--key-version <version>", "and this key version")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob inspect gaen-export export.zip --public-key authority.pem --key-id 310 --key-version v1 --json",
    )
    .action(inspectExport);

  inspect
    .command("gaen-frame")
    .description("read an advertisement as a phone's Exposure Notification frame; fails if it is none")
    .requiredOption("--adv-data <hex>", "advertising data, 31 bytes (with Flags) or 28 (without)")
    .option("--tek <hex>", "the key that made it, 16 bytes: tells its interval and transmit power")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob inspect gaen-frame --adv-data 02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874",
    )
    .action(inspectFrame);

  inspect
    .command("gaen-key")
    .description("make the identifiers of a Temporary Exposure Key")
    .requiredOption("--tek <hex>", "the key, 16 bytes")
    .requiredOption("--interval <n>", "its first interval: Unix seconds / 600")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob inspect gaen-key --tek 75c734c6dd1a782de7a965da5eb93125 --interval 2642976 --json",
    )
    .action(inspectKey);
}

async function inspectExport(file: string, options: ExportOptions): Promise<void> {
  if ((options.keyId === undefined) !== (options.keyVersion === undefined))
    throw new CliError(EXIT.usage, "--key-id and --key-version go together: they name one key");
  if (options.keyId !== undefined && options.publicKey === undefined)
    throw new CliError(EXIT.usage, "--key-id and --key-version need the --public-key that they name");
  const keys =
    options.publicKey === undefined
      ? []
      : [{ ...(await readPublicKey(options.publicKey)), id: options.keyId, version: options.keyVersion }];
  const read = await readExportFile(file, keys);
  if (options.json) printJson(describeExport(read));
  else printExport(read);
  if (read.isVerified) return;
  const bad = read.signatures.find(({ verdict }) => verdict === "invalid" || verdict === "refused");
  if (keys.length > 0 && bad !== undefined)
    throw new CliError(EXIT.input, `${file} is not signed by ${options.publicKey}: the signature ${bad.reason}`);
  note(`Unverified: anybody can have made this list. ${read.signatures[0]?.reason ?? "The file has no signature"}.`);
}

/** Reads the file of a P-256 public key. */
export async function readPublicKey(path: string): Promise<VerificationKey> {
  const pem = (await readWhole(path, MAX_KEY_BYTES)).toString("utf8");
  return { publicKey: decodeInput(path, () => parsePublicKey(pem)) };
}

/** Reads an export file. */
export async function readExportFile(path: string, keys: readonly VerificationKey[]): Promise<GaenExport> {
  const archive = await readWhole(path, MAX_ARCHIVE_BYTES);
  return decodeInput(path, () => readExport(archive, keys));
}

/** The field names are documented in docs/gaen.md, "inspect gaen-export". */
function describeExport(read: GaenExport): Record<string, unknown> {
  return {
    verified: read.isVerified,
    region: read.region,
    window: {
      start: iso(read.startTimestamp),
      end: iso(read.endTimestamp),
      startTimestamp: read.startTimestamp,
      endTimestamp: read.endTimestamp,
    },
    batch: { num: read.batchNum, size: read.batchSize },
    signatures: read.signatures.map(({ keyId, keyVersion, algorithm, batchNum, batchSize, verdict, reason }) => ({
      keyId,
      keyVersion,
      algorithm,
      batch: { num: batchNum, size: batchSize },
      verdict,
      ...(reason === undefined ? {} : { reason }),
    })),
    keys: read.added.keys.map(describeTek),
    revisedKeys: read.revised.keys.map(describeTek),
    refused: [...refusals("keys", read.added), ...refusals("revisedKeys", read.revised)],
    counts: {
      keys: read.added.keys.length,
      revisedKeys: read.revised.keys.length,
      refused: read.added.refused.length + read.revised.refused.length,
    },
  };
}

function refusals(list: string, { refused }: TekList) {
  return refused.map(({ index, reason }) => ({ list, index, reason }));
}

function describeTek({ key, start, period, risk, reportType, onsetDays }: Tek) {
  return {
    key: key.toString("hex"),
    start,
    period,
    type: reportTypeName(reportType),
    onset: onsetDays ?? null,
    risk,
  };
}

function printExport(read: GaenExport): void {
  const { window, batch, signatures, refused, counts, keys, revisedKeys, ...facts } = describeExport(read);
  const { num, size } = batch as { num: number; size: number };
  printFacts({
    ...facts,
    from: iso(read.startTimestamp),
    to: iso(read.endTimestamp),
    batch: `${num} of ${size}`,
    ...(counts as Record<string, number>),
  });
  for (const { keyId, keyVersion, verdict, reason } of read.signatures)
    printLine(
      `signature of key "${keyId}", version "${keyVersion}": ${verdict}${reason === undefined ? "" : ` (${reason})`}`,
    );
  for (const { list, index, reason } of refused as ReturnType<typeof refusals>)
    printLine(`refused: ${list}[${index}] ${reason}`);
  const rows = [...read.added.keys, ...read.revised.keys].map((tek) => {
    const { key, start, period, type, onset } = describeTek(tek);
    return [key, String(start), String(period), onset === null ? "-" : String(onset), type];
  });
  if (rows.length > 0) printTable(["key", "start", "period", "onset", "type"], rows);
}

function inspectFrame(options: JsonOption & { advData: string; tek?: string }): void {
  const advData = parseHex("--adv-data", options.advData);
  const { rpi, aem } = decodeInput("the frame", () => decodeGaenFrame(advData));
  const facts = { rpi: rpi.toString("hex"), aem: aem.toString("hex") };
  report(options, options.tek === undefined ? facts : { ...facts, ...openFrame(rpi, aem, options.tek) });
}

function openFrame(rpi: Buffer, aem: Buffer, tek: string) {
  const schedule = new KeySchedule(parseHex("--tek", tek, TEK_BYTES));
  const interval = schedule.intervalOf(rpi);
  if (interval === undefined)
    throw new CliError(EXIT.input, "the frame was not made with this key, so its metadata stay closed");
  const { majorVersion, minorVersion, calibration, txPower } = openAem(aem, schedule.keystreamOf(rpi));
  return {
    interval,
    from: iso(interval * INTERVAL_MINUTES * 60),
    txPower,
    version: `${majorVersion}.${minorVersion}`,
    calibration,
  };
}

function inspectKey(options: JsonOption & { tek: string; interval: string }): void {
  const tek = parseHex("--tek", options.tek, TEK_BYTES);
  const interval = parseWhole("--interval", options.interval, 0, MAX_U32 - MAX_ROLLING_PERIOD + 1);
  const { rpik, aemk } = new KeySchedule(tek);
  const { rpis, keystreams } = expandDay(tek, interval);
  const list = Array.from({ length: MAX_ROLLING_PERIOD }, (_, i) => ({
    interval: interval + i,
    rpi: rpis.toString("hex", i * RPI_BYTES, (i + 1) * RPI_BYTES),
    aemKeystream: keystreams.toString("hex", i * RPI_BYTES, i * RPI_BYTES + 4),
  }));
  const facts = { tek: tek.toString("hex"), rpik: rpik.toString("hex"), aemk: aemk.toString("hex"), interval };
  if (options.json) printJson({ ...facts, rpis: list });
  else {
    printFacts(facts);
    printTable(
      ["interval", "rpi", "aemKeystream"],
      list.map((one) => [String(one.interval), one.rpi, one.aemKeystream]),
    );
  }
}

function report(options: JsonOption, facts: Record<string, unknown>): void {
  if (options.json) printJson(facts);
  else printFacts(facts);
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
