// The detection model against the simulator's controllers and air: two keyfobs at one metre, thousands of minutes.

import { expect, test } from "vitest";
import {
  leSetAdvData,
  leSetAdvEnable,
  leSetAdvParameters,
  leSetEventMask,
  leSetRandomAddress,
  leSetScanEnable,
  leSetScanParameters,
  setEventMask,
} from "../../../firmware/hci/packets";
import { Air, type Transmission } from "../../sim/air/air";
import { REALISTIC } from "../../sim/air/profile";
import { Positions } from "../../sim/air/proximity";
import { SeededRandom } from "../../sim/core/random";
import { Scheduler } from "../../sim/core/scheduler";
import { HciController } from "../../sim/hci/controller";
import { chanceOfContact, FACE_TO_FACE, type RadioTimes } from "../detection";

const MINUTE_US = 60_000_000;
/** The air is worked out in windows of less than a second. */
const AIR_WINDOW_US = 500_000;
const MINUTES = 5;
const TRIALS = 400;
/** Five points, as the two are required to agree. */
const TOLERANCE = 0.05;
const LE_META = 0x3e;

const SETTINGS: RadioTimes[] = [
  { chirpIntervalMs: 1000, scanIntervalMs: 10_000, scanWindowMs: 1100 },
  { chirpIntervalMs: 1000, scanIntervalMs: 10_000, scanWindowMs: 550 },
  { chirpIntervalMs: 1000, scanIntervalMs: 10_000, scanWindowMs: 250 },
  { chirpIntervalMs: 1000, scanIntervalMs: 9370, scanWindowMs: 300 },
  { chirpIntervalMs: 1000, scanIntervalMs: 1000, scanWindowMs: 100 },
  { chirpIntervalMs: 500, scanIntervalMs: 8000, scanWindowMs: 200 },
  { chirpIntervalMs: 2000, scanIntervalMs: 10_000, scanWindowMs: 600 },
];

for (const times of SETTINGS) {
  const { chirpIntervalMs, scanWindowMs, scanIntervalMs } = times;
  test(`model and simulator agree within 5 points for ${scanWindowMs} of ${scanIntervalMs} ms, a chirp each ${chirpIntervalMs} ms`, () => {
    const firstHeard = Array.from({ length: TRIALS }, (_, trial) => firstMinuteHeard(times, trial));
    for (let minutes = 1; minutes <= MINUTES; minutes++) {
      const simulated = firstHeard.filter((minute) => minute < minutes).length / TRIALS;
      const modelled = chanceOfContact(times, FACE_TO_FACE, minutes);
      expect(Math.abs(simulated - modelled), `${minutes} min: ${simulated} and ${modelled}`).toBeLessThan(TOLERANCE);
    }
  });
}

/** The minute of its own clock in which keyfob 0 first hears keyfob 1, whose clock is off by chance; Infinity for never. */
function firstMinuteHeard(times: RadioTimes, trial: number): number {
  const scheduler = new Scheduler();
  const random = new SeededRandom(`agreement ${trial}`);
  const standing = (x: number) => [
    { atUs: 0, x, y: 0 },
    { atUs: 10 * MINUTES * MINUTE_US, x, y: 0 },
  ];
  const proximity = new Positions([standing(0), standing(1)]);
  const air = new Air({ profile: REALISTIC, proximity, seed: trial });
  let sent: Transmission[] = [];
  let first = Number.POSITIVE_INFINITY;
  const fobs = [0, 1].map((radio) => {
    const controller = new HciController({
      scheduler,
      random: new SeededRandom(`agreement ${trial} radio ${radio}`),
      txPowerDbm: 0,
      onEvent: (packet) => {
        // The first minute is for getting into step.
        const minute = Math.floor(scheduler.nowUs / MINUTE_US) - 1;
        if (radio === 0 && minute >= 0 && packet[1] === LE_META) first = Math.min(first, minute);
      },
      onTransmit: (event) => void sent.push({ ...event, radio }),
    });
    air.join(radio, controller);
    return controller;
  });
  for (const [radio, controller] of fobs.entries()) {
    const offsetUs = radio === 0 ? 0 : Math.floor(random.unit() * MINUTE_US);
    for (const command of [setEventMask(), leSetEventMask()]) controller.command(command);
    for (let minute = 0; minute <= MINUTES + 1; minute++)
      scheduler.at(offsetUs + minute * MINUTE_US, () => turn(controller, times, minute));
  }
  for (let endUs = AIR_WINDOW_US; endUs <= (MINUTES + 1) * MINUTE_US; endUs += AIR_WINDOW_US) {
    scheduler.runUntil(endUs);
    air.receive(sent, endUs);
    sent = [];
    if (first !== Number.POSITIVE_INFINITY) return first;
  }
  return first;
}

/** What the firmware's HCI host sends at a full minute. */
function turn(controller: HciController, times: RadioTimes, minute: number): void {
  const commands = [
    leSetScanEnable(false),
    leSetAdvEnable(false),
    leSetScanParameters(times.scanIntervalMs, times.scanWindowMs),
    leSetAdvParameters(times.chirpIntervalMs),
    leSetRandomAddress(Buffer.from([minute, 2, 3, 4, 5, 6])),
    leSetAdvData(Buffer.alloc(31, minute)),
    leSetAdvEnable(true),
    leSetScanEnable(true),
  ];
  for (const command of commands) controller.command(command);
}
