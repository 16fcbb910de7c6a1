import { expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { CHIRP_BYTES, chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Status } from "../../protocol/keyfob/codes";
import type { RecordedPacket, RecordedTraffic } from "../../tools/sim/air/air";
import { PERFECT } from "../../tools/sim/air/profile";
import { Positions } from "../../tools/sim/air/proximity";
import { SeededRandom } from "../../tools/sim/core/random";
import { World } from "../../tools/sim/world/world";
import { strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, START_SECONDS, sha256, TestRegion, wearableImage } from "./keyfobRig";

const FRAMES_A_SECOND = 200;
const FROM_US = 20 * SECOND_US;
const UNTIL_US = FROM_US + 60 * MINUTE_US;
/** Someone who is diagnosed later, of whom an attacker recorded chirps at another place. */
const FAR_AWAY = strangersSeed(1);
/** What the attacker makes of them: how many minutes old they are, and which age the frame states. */
const LIES = [
  { lateMinutes: 3, age: 0 },
  { lateMinutes: 4, age: 1 },
  { lateMinutes: 20, age: 10 },
  { lateMinutes: 0, age: 3 },
  { lateMinutes: 0, age: 10 },
  { lateMinutes: 11, age: 11 },
];

/** The attacker's transmitter, beside radio 0. */
class Flood implements RecordedTraffic {
  readonly receivers = new Set([0]);
  sent = 0;
  private readonly random = new SeededRandom("flood");

  *between(fromUs: number, toUs: number): Iterable<RecordedPacket> {
    const stepUs = SECOND_US / FRAMES_A_SECOND;
    for (let us = Math.ceil(fromUs / stepUs) * stepUs; us < toUs; us += stepUs) {
      if (us < FROM_US || us >= UNTIL_US) continue;
      this.sent++;
      const lie = this.sent % 20 === 0 ? LIES[(this.sent / 20) % LIES.length] : undefined;
      const minute = minuteOfSeconds(START_SECONDS + us / 1e6);
      const chirp = lie
        ? chirpOf(sha256, FAR_AWAY, minute - lie.lateMinutes)
        : Buffer.from(this.random.bytes(CHIRP_BYTES));
      const { advA, advData } = encodeChirpFrame(chirp, -8, Math.min(lie?.age ?? 0, 10), TEST_COMPANY);
      // encodeChirpFrame does not lend itself to an age that there is not.
      if (lie) advData[8] = lie.age;
      const pdu = { type: 3 as const, isAddressRandom: true, address: Uint8Array.from(advA).reverse(), data: advData };
      yield { event: { startUs: us, pdu, channelMap: 7, txPowerDbm: 0 }, rssiDbm: -45, sender: -1 - this.sent };
    }
  }
}

it("finds the genuine contact of an hour in which an attacker sent 200 frames a second, and nothing that the attacker made up, replayed or misdated", async () => {
  const image = await wearableImage();
  const flood = new Flood();
  const stands = (x: number) => [
    { atUs: 0, x, y: 0 },
    { atUs: 1e12, x, y: 0 },
  ];
  const world = new World({
    seed: "flood",
    profile: { ...PERFECT, hearsAll: false },
    proximity: new Positions([stands(0), stands(1)]),
    recorded: flood,
  });
  const keyfob = new KeyfobRig(world, { image });
  const friend = new KeyfobRig(world, { image });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  friend.setClock();
  world.run(UNTIL_US + 2 * MINUTE_US - world.nowUs);

  expect(flood.sent).toBe(FRAMES_A_SECOND * 3600);
  const counters = keyfob.counters();

  expect(counters.chirpsHeard).toBeGreaterThan(60_000);
  expect(counters.minutesMissed).toBe(0);
  expect(counters.minutesChirped).toBeGreaterThanOrEqual(61);

  const hour = hourOfSeconds(START_SECONDS + UNTIL_US / 2e6);
  const region = new TestRegion("IT");
  expect(keyfob.regionKeyAdd(region.name, region.publicKey)).toBe(Status.Ok);
  const seeds = [
    ...friend.exportSeeds(hour, 1),
    FAR_AWAY,
    ...Array.from({ length: 10 }, (_, i) => strangersSeed(1000 + i)),
  ];
  const startUs = world.nowUs;
  expect(keyfob.importShard(region.shard(seeds.map((seed) => ({ hour, seed, reverse: false }))))).toBe(Status.Ok);
  const results = keyfob.results();
  const minutes = results.reduce(
    (sum, { direct, shared }) => sum + [...direct, ...shared].reduce((a, b) => a + b, 0),
    0,
  );
  process.stdout.write(
    `flood: ${minutes} of 60 genuine minutes found; ` +
      `two blocks against ${counters.rowsWritten} rows: ${(world.nowUs - startUs) / 1e6} s of the keyfob's time\n`,
  );
  expect(results.every((found) => found.hour === hour)).toBe(true);
  expect(minutes).toBeGreaterThanOrEqual(57);
  expect(minutes).toBeLessThanOrEqual(60);
  expect(keyfob.panics).toEqual([]);
}, 600_000);
