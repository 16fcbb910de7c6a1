// How likely a visitor hears a chirp that a repeater sends: derived (docs/repeater.md, "How likely a visitor hears a chirp")
// and measured in the simulator with the repeater's program.

import { leSetEventMask, leSetScanEnable, leSetScanParameters, setEventMask } from "../../firmware/hci/packets";
import { CONFIG_TABLE } from "../../protocol/keyfob/configTable";
import { BURST_EVERY_MS } from "../../repeater/repeaterDevice";
import { buildBytecode } from "../build/bytecode";
import { PERFECT, type RadioProfile } from "../sim/air/profile";
import type { Proximity } from "../sim/air/proximity";
import { Visitors } from "../sim/air/visitors";
import type { Micros } from "../sim/core/scheduler";
import { World } from "../sim/world/world";

const MINUTE_US: Micros = 60e6;
const MINUTE_MS = 60_000;
const LISTENERS = 5;

/** Minutes for which visitors stay. */
export const STAYS = [1, 3, 10] as const;

/** Nothing is lost but what falls outside a scan window, or into a transmission of the receiver's own. */
export const WINDOWS_ONLY: RadioProfile = { ...PERFECT, hearsAll: false, captureDb: Number.NEGATIVE_INFINITY };

/** The probability that one scan window meets a burst of a given chirp while `live` chirps are on the air. */
function windowProbability(live: number): number {
  const roundMs = Math.max(live * BURST_EVERY_MS, CONFIG_TABLE.chirpIntervalMs.repeater);
  const share = CONFIG_TABLE.scanWindowMs.wearable / roundMs;
  if (share >= 2) return 1;
  return share >= 1 ? 1 - (2 - share) ** 3 / 6 : share - share ** 3 / 6;
}

/** The probability that somebody who stays for `stayMinutes` hears a given one of `live` chirps on the air. */
export function hearingProbability(live: number, stayMinutes: number): number {
  const windows = (stayMinutes * MINUTE_MS) / CONFIG_TABLE.scanIntervalMs.wearable;
  return 1 - (1 - windowProbability(live)) ** windows;
}

/** Share of stays in which a chirp was heard, by minutes stayed. */
export type Heard = ReadonlyMap<number, number>;

/** Measures it: a repeater with `live` chirps on the air, and scanners with the wearables' settings beside it. */
export async function measureHearing(live: number, seed: string): Promise<Heard> {
  const { image } = await buildBytecode("repeater", "repeater/main.ts");
  const visitors = new Visitors(seed, [0]);
  const world = new World({ seed, profile: WINDOWS_ONLY, proximity: BESIDE_THE_REPEATER, recorded: visitors });
  world.add({ radio: 0, image });
  const heardUs = Array.from({ length: LISTENERS }, (_, i) => listen(world, i + 1));
  const everyUs = (10 * MINUTE_US) / live;
  const fromUs = 5e6;
  // The eleventh minute's chirps live while there are always `live` of them.
  const sampled: { key: string; fromUs: Micros }[] = [];
  for (let i = 0; i * everyUs < 22 * MINUTE_US; i++) {
    const chirp = visitors.newChirp();
    const atUs = fromUs + i * everyUs;
    visitors.visit({ chirp, fromUs: atUs, toUs: atUs + 3e6 });
    if (atUs >= fromUs + 10 * MINUTE_US && atUs < fromUs + 11 * MINUTE_US)
      sampled.push({ key: keyOf(chirp, 6), fromUs: atUs });
  }
  world.run(fromUs + 22.5 * MINUTE_US);
  const heard = new Map<number, number>();
  for (const stay of STAYS) {
    let hits = 0;
    let samples = 0;
    for (const { key, fromUs: firstUs } of sampled)
      for (const times of heardUs)
        for (let minute = 1; minute + stay <= 11; minute += stay) {
          const arrivalUs = firstUs + 2e6 + minute * MINUTE_US;
          samples++;
          if (times.get(key)?.some((atUs) => atUs >= arrivalUs && atUs < arrivalUs + stay * MINUTE_US)) hits++;
        }
    heard.set(stay, hits / samples);
  }
  return heard;
}

/** Radio 0 is the repeater's; the others hear it. */
const BESIDE_THE_REPEATER: Proximity = {
  forEachNear(radio, _atUs, _rangeM, visit) {
    if (radio === 0) for (let listener = 1; listener <= LISTENERS; listener++) visit(listener, 1);
  },
};

const REPORT_DATA_AT = 14;
const CHIRP_IN_DATA = 9;

/** Adds a scanner that scans as the wearable does, which begins anew with each of its minutes. @returns when it heard which chirp */
function listen(world: World, radio: number): ReadonlyMap<string, Micros[]> {
  const heard = new Map<string, Micros[]>();
  const device = world.add({
    radio,
    onHci: (packet) => {
      if (packet[0] !== 0x04 || packet[1] !== 0x3e) return;
      const key = keyOf(Buffer.from(packet), REPORT_DATA_AT + CHIRP_IN_DATA);
      heard.set(key, [...(heard.get(key) ?? []), world.nowUs]);
    },
  });
  const [scanIntervalMs, scanWindowMs] = [CONFIG_TABLE.scanIntervalMs.wearable, CONFIG_TABLE.scanWindowMs.wearable];
  for (const command of [setEventMask(), leSetEventMask(), leSetScanParameters(scanIntervalMs, scanWindowMs)])
    device.controller.command(command);
  const turnMinute = (): void => {
    device.controller.command(leSetScanEnable(false));
    device.controller.command(leSetScanEnable(true));
    world.scheduler.after(MINUTE_US, turnMinute);
  };
  // Each at another phase of minute and scan interval, as the repeater's power-on falls anywhere in the minutes of wearers.
  world.scheduler.after((radio * MINUTE_US) / (LISTENERS + 1) + radio * 2.1e6, turnMinute);
  return heard;
}

/** Twelve bytes of a chirp that lie in the advertising data. */
function keyOf(bytes: Buffer, at: number): string {
  return bytes.toString("hex", at, at + 12);
}
