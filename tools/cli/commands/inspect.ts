import type { Command } from "commander";
import { HOUR_MINUTES, MAX_U32 } from "../../../protocol/base/time";
import { ADV_A_BYTES, ADV_DATA_BYTES } from "../../../protocol/beacon/advertisement";
import { CHIRP_BYTES, chirpOf, SEED_BYTES } from "../../../protocol/beacon/chirp";
import { findMyCodec } from "../../../protocol/beacon/findMy";
import { encodeChirpFrame, pactCodec } from "../../../protocol/beacon/pact";
import { Beacon, MAX_AGE_MINUTES } from "../../../protocol/beacon/sighting";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { decodeRow, openMetadata, ROW_BYTES } from "../../../protocol/log/contactRow";
import { attenuationDb, isDirect } from "../../../protocol/match/score";
import { keyIdOf } from "../../../protocol/report/shard";
import { decodeShardFile } from "../../../protocol/report/shardFile";
import { decodeUploadFile } from "../../../protocol/report/uploadFile";
import { readWhole } from "../../base/files";
import { nativeSha256, sha256 } from "../../base/sha256";
import { isShardSigned } from "../../feed/genuineShard";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson } from "../output";
import { decodeInput, parseHex, parseWhole } from "../parse";
import { addInspectCxCommands } from "./inspectCx";
import { addGaenInspectCommands } from "./inspectGaen";

/** The largest of the files is a shard: 32 MB of blocks, header and signature. */
const MAX_FILE_BYTES = 33_000_000;

interface ReportOptions {
  json?: boolean;
}

/** `chirpfob inspect`: every format of docs/protocol.md, taken apart. */
export function addInspectCommand(program: Command): void {
  const inspect = program
    .command("inspect")
    .description("take apart chirps, frames, rows, uploads and shards, and files of CX");

  inspect
    .command("chirp")
    .description("derive a chirp and the frame that carries it")
    .requiredOption("--seed <hex>", "the hour's seed, 32 bytes")
    .requiredOption("--minute <n>", "minutes since 1970-01-01 UTC")
    .option("--tx-power <dBm>", "transmit power that the frame states", "-8")
    .option("--age <n>", "0 from a wearer, 1 to 10 from a repeater", "0")
    .option("--company <hex>", "Bluetooth company id, 2 bytes", "ffff")
    .option("--json", "print JSON")
    .addHelpText("after", example(`inspect chirp --seed ${"00".repeat(SEED_BYTES)} --minute 29886000 --json`))
    .action((options: ReportOptions & Record<"seed" | "minute" | "txPower" | "age" | "company", string>) => {
      const seed = parseHex("--seed", options.seed, SEED_BYTES);
      const minute = parseWhole("--minute", options.minute, 0, MAX_U32);
      const txPower = parseWhole("--tx-power", options.txPower, -128, 127);
      const age = parseWhole("--age", options.age, 0, MAX_AGE_MINUTES);
      const chirp = chirpOf(sha256, seed, minute);
      const { advA, advData } = encodeChirpFrame(chirp, txPower, age, parseCompany(options.company));
      report(options, { chirp: hex(chirp), advA: hex(advA), advData: hex(advData) });
    });

  inspect
    .command("frame")
    .description("read an advertisement as a chirp frame; fails if it is none")
    .requiredOption("--adv-a <hex>", "advertiser address, 6 bytes, most significant first")
    .requiredOption("--adv-data <hex>", "advertising data, 31 bytes")
    .option("--company <hex>", "Bluetooth company id, 2 bytes", "ffff")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      example(
        "inspect frame --adv-a 15399f7d13cf --adv-data 1effffff504188f800da334732530029d7f4516adf4e551df4a472372d7ce3",
      ),
    )
    .action((options: ReportOptions & Record<"advA" | "advData" | "company", string>) => {
      const advA = parseHex("--adv-a", options.advA, ADV_A_BYTES);
      const advData = parseHex("--adv-data", options.advData, ADV_DATA_BYTES);
      const company = parseCompany(options.company);
      const isFindMy = findMyCodec().claims(0, advData, 0, advData.length, company);
      const codec = isFindMy ? findMyCodec() : pactCodec();
      const { id, txPowerDbm, age } = decodeInput("the frame", () => codec.decode(advA, advData, company));
      if (isFindMy) report(options, { kind: "findMy", key: hex(id) });
      else report(options, { kind: age === 0 ? "direct" : "repeated", chirp: hex(id), txPower: txPowerDbm, age });
    });

  inspect
    .command("row")
    .description("read a contact row, and open it where its chirp is known")
    .requiredOption("--row <hex>", "the row, 12 bytes")
    .option("--chirp <hex>", "the chirp it belongs to, 28 bytes")
    .option("--seed <hex>", "or the seed of that chirp, 32 bytes")
    .option("--minute <n>", "with --seed: the minute of the chirp, since 1970-01-01 UTC")
    .option("--origin-minute <n>", "the row's origin minute, if it differs from --minute (clocks differ)")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect row --row 95399f7d13cfda3300b25da0"))
    .action(inspectRow);

  inspect
    .command("upload")
    .description("read an upload file: what it would share")
    .argument("<file>")
    .option("--seeds", "list the seeds too: whoever has them can find their owner's chirps")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect upload my-seeds.pact"))
    .action(inspectUpload);

  inspect
    .command("shard")
    .description("read an exposure shard and check its order, totals and signature")
    .argument("<file>")
    .option("--public-key <hex>", "the region's key, 32 bytes; fails unless it signed the shard")
    .option("--seeds", "list the seeds too")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect shard 000001.shard --json"))
    .action(inspectShard);

  addInspectCxCommands(inspect);
  addGaenInspectCommands(inspect);
}

const KIND_WORDS: Record<Beacon, string> = {
  [Beacon.Pact]: "pact",
  [Beacon.Gaen]: "gaen",
  [Beacon.Cx]: "cx",
  [Beacon.FindMy]: "findMy",
};

function inspectRow(
  options: ReportOptions & { row: string } & Partial<Record<"chirp" | "seed" | "minute" | "originMinute", string>>,
): void {
  const bytes = parseHex("--row", options.row, ROW_BYTES);
  const row = decodeInput("the row", () => decodeRow(bytes));
  const facts = {
    tag: hex(row.tag),
    kind: KIND_WORDS[row.kind],
    minuteInHour: row.minuteInHour,
    sealed: hex(row.sealed),
  };
  if (options.chirp === undefined && options.seed === undefined) {
    report(options, facts);
    return;
  }
  if (options.minute === undefined) throw new CliError(EXIT.usage, "--chirp and --seed need --minute to open the row");
  const minute = parseWhole("--minute", options.minute, 0, MAX_U32);
  const origin = parseWhole("--origin-minute", options.originMinute ?? options.minute, 0, MAX_U32);
  const chirp =
    options.chirp !== undefined
      ? parseHex("--chirp", options.chirp, CHIRP_BYTES)
      : chirpOf(sha256, parseHex("--seed", options.seed ?? "", SEED_BYTES), minute);
  if (!chirp.subarray(0, row.tag.length).equals(row.tag))
    throw new CliError(EXIT.input, "the row does not belong to this chirp: its tag differs, so it stays sealed");
  if (origin % HOUR_MINUTES !== row.minuteInHour)
    throw new CliError(
      EXIT.input,
      `the row's origin minute is ${row.minuteInHour} past the hour, not ${origin % HOUR_MINUTES}`,
    );
  const metadata = openMetadata(sha256, row.kind, row.sealed, chirp, origin);
  report(options, {
    ...facts,
    ...metadata,
    attenuationDb: attenuationDb(metadata.txPower, metadata.maxRssi),
    direct: isDirect(metadata.delay),
  });
}

async function inspectUpload(file: string, options: ReportOptions & { seeds?: boolean }): Promise<void> {
  const bytes = await readWhole(file, MAX_FILE_BYTES);
  const upload = decodeInput(file, () => decodeUploadFile(bytes));
  const endHour = upload.firstHour + upload.seeds.length;
  report(options, {
    regions: upload.regions,
    hours: upload.seeds.length,
    firstHour: upload.firstHour,
    from: isoHour(upload.firstHour),
    to: isoHour(endHour),
    reverse: upload.reverseTo === 0 ? null : { from: isoHour(upload.reverseFrom), to: isoHour(upload.reverseTo) },
    bytes: bytes.length,
    ...(options.seeds
      ? { seeds: upload.seeds.map((seed, i) => ({ hour: upload.firstHour + i, seed: hex(seed) })) }
      : {}),
  });
}

async function inspectShard(
  file: string,
  options: ReportOptions & { publicKey?: string; seeds?: boolean },
): Promise<void> {
  const bytes = await readWhole(file, MAX_FILE_BYTES);
  const publicKey =
    options.publicKey === undefined ? undefined : parseHex("--public-key", options.publicKey, SLH_DSA_PUBLIC_KEY_BYTES);
  const shard = decodeInput(file, () => decodeShardFile(nativeSha256, bytes));
  if (publicKey && !keyIdOf(sha256, publicKey).equals(shard.header.keyId))
    throw new CliError(EXIT.input, `${file} was signed by another key: its key id is ${hex(shard.header.keyId)}`);
  if (publicKey && !isShardSigned(shard, publicKey))
    throw new CliError(EXIT.input, `${file} is forged or damaged: the signature does not fit its content`);
  const { keyId, published, ...header } = shard.header;
  report(options, {
    ...header,
    published: new Date(published * 1000).toISOString(),
    keyId: hex(keyId),
    chain: hex(shard.chain),
    bytes: bytes.length,
    signature: publicKey ? "valid" : "not checked: no --public-key given",
    ...(options.seeds
      ? {
          contents: shard.blocks.map(({ hour, seeds, reverseMask }) => ({
            hour,
            seeds: seeds.map((seed, i) => ({ seed: hex(seed), reverse: ((reverseMask >> i) & 1) === 1 })),
          })),
        }
      : {}),
  });
}

function parseCompany(text: string): number {
  return parseHex("--company", text, 2).readUInt16BE(0);
}

function report(options: ReportOptions, facts: Record<string, unknown>): void {
  if (options.json) printJson(facts);
  else printFacts(facts);
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}

function isoHour(hour: number): string {
  return new Date(hour * 3_600_000).toISOString();
}

function example(line: string): string {
  return `\nExample:\n  chirpfob ${line}`;
}
