import { decodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import { buildBytecode } from "../build/bytecode";
import { Visitors } from "../sim/air/visitors";
import { World } from "../sim/world/world";
import { WINDOWS_ONLY } from "./hearing";

const MINUTE_US = 60e6;
const START_US = 5e6;

/** What became of the chirps of visitors who came one after the other for some time. */
export interface CapacityRun {
  readonly chirps: number;
  /** That were never on the air: not heard, or above capacity. */
  readonly neverSent: number;
  /** Minutes of the others, of the ten each should have had, without a burst. */
  readonly missedMinutes: number;
  /** Most chirps on the air at a time. */
  readonly mostLive: number;
  /** Bursts in the busiest minute. */
  readonly burstsAMinute: number;
  /** Fewest bursts that a chirp had in one of its minutes. */
  readonly fewestBursts: number;
}

/** Lets `perMinute` visitors pass a repeater for `minutes` minutes, ten seconds each, and everything they left run out. */
export async function measureCapacity(perMinute: number, minutes: number, seed: string): Promise<CapacityRun> {
  const { image } = await buildBytecode("repeater", "repeater/main.ts");
  const visitors = new Visitors(seed, [0]);
  const bursts = new Map<string, number[]>();
  const arrivals = new Map<string, number>();
  const inMinute = new Map<number, number>();
  const world = new World({
    seed,
    profile: WINDOWS_ONLY,
    recorded: visitors,
    onTransmission: ({ pdu, startUs }) => {
      const frame = decodeChirpFrame(Buffer.from(pdu.address).reverse(), Buffer.from(pdu.data), TEST_COMPANY);
      const chirp = frame.id.toString("hex");
      const counts = bursts.get(chirp);
      if (counts) counts[frame.age - 1] = (counts[frame.age - 1] ?? 0) + 1;
      const minute = Math.floor(startUs / MINUTE_US);
      inMinute.set(minute, (inMinute.get(minute) ?? 0) + 1);
    },
  });
  world.add({
    image,
    onPanic: ({ report }) => {
      throw new Error(report.join("\n"));
    },
  });
  for (let i = 0; i < perMinute * minutes; i++) {
    const chirp = visitors.newChirp();
    const fromUs = START_US + (i * MINUTE_US) / perMinute;
    visitors.visit({ chirp, fromUs, toUs: fromUs + 10e6 });
    arrivals.set(chirp.toString("hex"), fromUs);
    bursts.set(chirp.toString("hex"), new Array(MAX_AGE_MINUTES).fill(0));
  }
  world.run(START_US + (minutes + 12) * MINUTE_US);
  const sent = [...bursts].filter(([, counts]) => counts.some((count) => count > 0));
  const counts = sent.flatMap(([, ofAges]) => ofAges);
  return {
    chirps: bursts.size,
    neverSent: bursts.size - sent.length,
    missedMinutes: counts.filter((count) => count === 0).length,
    mostLive: mostLive(sent.map(([chirp]) => arrivals.get(chirp) ?? 0)),
    burstsAMinute: Math.max(...inMinute.values()),
    fewestBursts: Math.min(...counts),
  };
}

/** A chirp is live from one to eleven minutes after it was first heard. @param arrivalsUs ascending */
function mostLive(arrivalsUs: readonly number[]): number {
  const lifeUs = MAX_AGE_MINUTES * MINUTE_US;
  return Math.max(...arrivalsUs.map((us) => arrivalsUs.filter((other) => other > us - lifeUs && other <= us).length));
}
