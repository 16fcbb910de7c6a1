// A shop: three counters with a repeater each, a hundred customers an hour with keyfobs, one of whom is infected.

import { hourOfSeconds } from "../../protocol/base/time";
import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import { Command } from "../../protocol/keyfob/codes";
import { isDirect } from "../../protocol/match/score";
import { buildBytecode } from "../build/bytecode";
import { REALISTIC } from "../sim/air/profile";
import type { Waypoint } from "../sim/air/proximity";
import { SeededRandom } from "../sim/core/random";
import type { Micros } from "../sim/core/scheduler";
import { Crowd } from "../sim/crowd/crowd";
import { type CrowdDevice, REPEATER_LOAD } from "../sim/crowd/spec";
import { encounters, openLogs } from "../sim/oracle/encounters";

const CUSTOMERS_AN_HOUR = 100;
const COUNTERS = 3;
const SECOND_US: Micros = 1e6;
const MINUTE_US: Micros = 60 * SECOND_US;
/** A quarter past an hour of 2026. */
const START_S = 1_790_000_100;
/** The keyfob is switched on so long before its wearer comes in. */
const ON_BEFORE_US = MINUTE_US;
/** Rows of repeated chirps are written at the latest 13 minutes after their minute. */
const AFTERWARDS_US = 14 * MINUTE_US;
const CLOCK_SET_AFTER_US = 4 * SECOND_US;
const KEYFOB_SERVICE = 0x1c4fb003;

/** Who stays less than this in the time that counts is not expected to match, though it may. */
const EXPECTED_MINUTES = 3;
/** Clocks and the repeater's own minutes: past the last repetition, a match is possible for so long, and no longer. */
const SLACK_MINUTES = 2;

/** Metres: the counters in a row, the door across the room. */
const COUNTER_DISTANCE_M = 5;
const DOOR = { x: 5, y: 8 };

interface Customer {
  readonly arriveUs: Micros;
  readonly leaveUs: Micros;
  readonly walk: readonly Waypoint[];
}

/** What the shop's time came to. */
export interface ShopResult {
  /** Customers who were in the shop for three minutes or more while the infected one was, or up to ten minutes after. */
  readonly exposed: number;
  /** Of these, those who matched. */
  readonly found: number;
  /** Customers who matched though they were not there in that time at all. */
  readonly wrong: number;
  /** Customers who were there for less than three minutes of that time, and how many of them matched. */
  readonly brief: number;
  readonly briefFound: number;
  /** Of those found, who has minutes that came through a repeater, and who nothing else. */
  readonly throughRepeater: number;
  readonly onlyThroughRepeater: number;
  readonly precision: number;
  readonly recall: number;
}

/**
 * Runs the shop and asks every customer's keyfob, as if the infected one's seeds had been published.
 *
 * @param openMinutes for which customers come in
 * @param onProgress told some times a second which share of the time has passed
 */
export async function runShop(
  seed: string,
  openMinutes: number,
  onProgress: (share: number) => void = () => {},
): Promise<ShopResult> {
  const customers = customersOf(seed, openMinutes);
  // The one who comes a third through the time, so that there are customers before and after.
  const infected = customers.findIndex(({ arriveUs }) => arriveUs > (openMinutes / 3) * MINUTE_US);
  const [wearable, repeater] = [
    await buildBytecode("wearable", "firmware/main.ts"),
    await buildBytecode("repeater", "repeater/main.ts"),
  ];
  const endUs = openMinutes * MINUTE_US + AFTERWARDS_US;
  const counters = Array.from({ length: COUNTERS }, (_, i): readonly Waypoint[] => [
    { atUs: 0, ...counterAt(i) },
    { atUs: endUs, ...counterAt(i) },
  ]);
  const crowd = await Crowd.start(
    {
      seed,
      profile: REALISTIC,
      proximity: { kind: "walks", walks: [...customers.map(({ walk }) => walk), ...counters] },
      programs: { wearable, repeater },
      devices: [
        ...customers.map(keyfobOf),
        ...counters.map((): CrowdDevice => ({ program: "repeater", load: REPEATER_LOAD })),
      ],
      startS: START_S,
    },
    { onProgress: (nowUs) => onProgress(nowUs / endUs) },
  );
  try {
    await crowd.run(endUs);
    const logsOf = async (radio: number) => await openLogs((await crowd.state(radio)).flash.log);
    const published = await logsOf(infected);
    const hour = hourOfSeconds(START_S);
    const delays: number[][] = [];
    for (let radio = 0; radio < customers.length; radio++) {
      const matches = radio === infected ? [] : await encounters(await logsOf(radio), published, hour - 1, hour + 2);
      delays.push(matches.map(({ metadata }) => metadata.delay));
    }
    return compare(customers, infected, delays);
  } finally {
    await crowd.close();
  }
}

/** @param delays of each customer's matches */
function compare(customers: readonly Customer[], infected: number, delays: readonly number[][]): ShopResult {
  const source = customers[infected] as Customer;
  const minutesUntil = (customer: Customer, endUs: Micros): number =>
    (Math.min(customer.leaveUs, endUs) - Math.max(customer.arriveUs, source.arriveUs)) / MINUTE_US;
  const sharedUntilUs = source.leaveUs + MAX_AGE_MINUTES * MINUTE_US;
  const result = {
    exposed: 0,
    found: 0,
    wrong: 0,
    brief: 0,
    briefFound: 0,
    throughRepeater: 0,
    onlyThroughRepeater: 0,
  };
  for (const [i, customer] of customers.entries()) {
    const own = delays[i] ?? [];
    const hasMatched = own.length > 0;
    if (i === infected) continue;
    if (minutesUntil(customer, sharedUntilUs) >= EXPECTED_MINUTES) {
      result.exposed++;
      if (!hasMatched) continue;
      result.found++;
      const repeated = own.filter((delay) => !isDirect(delay)).length;
      if (repeated > 0) result.throughRepeater++;
      if (repeated === own.length) result.onlyThroughRepeater++;
    } else if (minutesUntil(customer, sharedUntilUs + SLACK_MINUTES * MINUTE_US) > 0) {
      result.brief++;
      if (hasMatched) result.briefFound++;
    } else if (hasMatched) result.wrong++;
  }
  const positives = result.found + result.wrong;
  return {
    ...result,
    precision: positives === 0 ? 0 : result.found / positives,
    recall: result.exposed === 0 ? 0 : result.found / result.exposed,
  };
}

function customersOf(seed: string, openMinutes: number): Customer[] {
  const random = new SeededRandom(`${seed} customers`);
  const count = Math.round((CUSTOMERS_AN_HOUR * openMinutes) / 60);
  const customers = Array.from({ length: count }, (_, i): Customer => {
    const arriveUs = ON_BEFORE_US + (i / count) * (openMinutes * MINUTE_US - ON_BEFORE_US);
    const leaveUs = arriveUs + (3 + 5 * random.unit()) * MINUTE_US;
    return { arriveUs, leaveUs, walk: walkOf(arriveUs, leaveUs, Math.floor(random.unit() * COUNTERS), random) };
  });
  return customers;
}

/** In by the door, along the shelves, to a counter for the last minute and a half, and out. */
function walkOf(arriveUs: Micros, leaveUs: Micros, counter: number, random: SeededRandom): Waypoint[] {
  const shelf = (): { x: number; y: number } => ({ x: random.unit() * 10, y: 2 + random.unit() * 5 });
  const pay = { x: counterAt(counter).x, y: 0.8 };
  const payUs = leaveUs - 110 * SECOND_US;
  return [
    { atUs: arriveUs, ...DOOR },
    { atUs: arriveUs + (payUs - arriveUs) / 3, ...shelf() },
    { atUs: arriveUs + (2 * (payUs - arriveUs)) / 3, ...shelf() },
    { atUs: payUs, ...pay },
    { atUs: leaveUs - 20 * SECOND_US, ...pay },
    { atUs: leaveUs, ...DOOR },
  ];
}

function counterAt(counter: number): { x: number; y: number } {
  return { x: counter * COUNTER_DISTANCE_M, y: 0 };
}

/** A keyfob that is switched on before its wearer comes in, and gets its time from a computer. */
function keyfobOf({ arriveUs }: Customer): CrowdDevice {
  const bootUs = arriveUs - ON_BEFORE_US;
  const atUs = bootUs + CLOCK_SET_AFTER_US;
  const data = Buffer.alloc(8);
  data.writeUInt32LE(START_S + Math.floor(atUs / SECOND_US), 0);
  data.writeUInt16LE(1, 4);
  data.writeUInt16LE(Math.floor((atUs % SECOND_US) / 1000), 6);
  return {
    program: "wearable",
    bootUs,
    hostCommands: [{ atUs, serviceClass: KEYFOB_SERVICE, command: Command.ClockSet, data }],
  };
}
