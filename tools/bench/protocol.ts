import { createHash } from "node:crypto";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { CHIRP_BYTES, ChirpDeriver, SEED_BYTES } from "../../protocol/beacon/chirp";
import { BLOCK_SEEDS } from "../../protocol/report/shard";
import { sha256 } from "../base/sha256";
import { buildBytecode } from "../build/bytecode";
import { runToCompletion } from "../sim/vm/run";
import { median, printMeasurements } from "./table";

/** What tools/bench/programs/matching.ts does in one timed piece. */
const BLOCKS = 40;
const CHIRPS_PER_BLOCK = 360;
const ROUNDS = 5;
const CHIRPS = 60_000;

/** Chirps a second in Node and in the VM; matching in the VM beside the digests that it cannot do without. */
export async function benchProtocol(): Promise<void> {
  benchNodeChirps();
  await benchVm();
}

function benchNodeChirps(): void {
  const seed = Buffer.alloc(SEED_BYTES, 1);
  const minute = Buffer.alloc(4);
  const domain = Buffer.from("PACT-CHIRP-v1");
  const withNative = new ChirpDeriver((message) => createHash("sha256").update(message).digest());
  const withNoble = new ChirpDeriver(sha256);
  withNative.useSeed(seed);
  withNoble.useSeed(seed);
  // Domain and seed are hashed once and the state cloned for each minute. All 49 bytes lie in one SHA-256 block, so no
  // compression is saved; measured to see whether the copying is.
  const state = nobleSha256.create().update(domain).update(seed);
  const ways: [string, (t: number) => Uint8Array][] = [
    ["@noble/hashes, one-shot (ChirpDeriver)", (t) => withNoble.chirp(t)],
    [
      "@noble/hashes, cloned state",
      (t) => {
        minute.writeUInt32BE(t);
        return state.clone().update(minute).digest().subarray(0, CHIRP_BYTES);
      },
    ],
    ["node:crypto, one-shot (ChirpDeriver)", (t) => withNative.chirp(t)],
  ];
  for (const [, derive] of ways) for (let t = 0; t < CHIRPS / 4; t++) derive(t);
  const rates = ways.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++)
    ways.forEach(([, derive], i) => {
      const start = process.hrtime.bigint();
      for (let t = 0; t < CHIRPS; t++) derive(t);
      rates[i]?.push((CHIRPS * 1e9) / Number(process.hrtime.bigint() - start));
    });
  printMeasurements(
    "Chirps derived per second in Node",
    ["way", "chirps/s"],
    ways.map(([name], i) => [name, Math.round(median(rates[i] ?? [])).toLocaleString("en")]),
  );
}

async function benchVm(): Promise<void> {
  const { image, debugFile } = await buildBytecode("bench-matching", "tools/bench/programs/matching.ts");
  const times = new Map<string, number[]>();
  let piece = "";
  let startedAt = 0n;
  runToCompletion(image, {
    endMarker: "end of bench",
    timeoutVirtualMs: 3_600_000,
    debugFile,
    onLog: (line) => {
      const now = process.hrtime.bigint();
      if (line.startsWith("start ")) {
        piece = line.slice("start ".length);
        startedAt = process.hrtime.bigint();
      } else if (line === "stop") times.set(piece, [...(times.get(piece) ?? []), Number(now - startedAt) / 1e3]);
    },
  });
  const micros = (key: string): number => median(times.get(key) ?? []);
  const chirps = (BLOCKS * CHIRPS_PER_BLOCK * 1e6) / micros("chirps 0 60");
  const seeds = BLOCKS * BLOCK_SEEDS;
  const rows: string[][] = [];
  for (const key of times.keys()) {
    const [kind, minutes, digests] = key.split(" ");
    if (kind !== "match") continue;
    const floorUs = minutes === "0" ? micros("floor -1 3") : micros(`floor ${minutes} ${digests}`);
    const matchUs = micros(key);
    rows.push([
      `${minutes}`,
      (Number(digests) * seeds).toLocaleString("en"),
      (matchUs / 1e3).toFixed(2),
      (matchUs / seeds).toFixed(1),
      (floorUs / seeds).toFixed(1),
      (matchUs / floorUs).toFixed(2),
      minutes === "0" ? "3 digests; target at most 1" : "its digests; target at most 2 at 25",
    ]);
  }
  printMeasurements(
    `Matching ${seeds} seeds of an hour in the DeviceScript VM on this machine (${Math.round(chirps).toLocaleString("en")} chirps/s derived there)`,
    ["logged minutes/hour", "SHA-256 calls", "VM ms", "us/seed", "floor us/seed", "ratio", "floor is"],
    rows,
  );
}
