// The simulated side of a run: keyfobs and repeaters of a scene, in the simulator's crowd, on a calendar that they accept.

import { hourOfSeconds } from "../../protocol/base/time";
import { Command, KEYFOB_SERVICE_CLASS } from "../../protocol/keyfob/codes";
import { buildOf, type ProgramRole } from "../build/builds";
import { type Bytecode, buildBytecode } from "../build/bytecode";
import { PROFILES } from "../sim/air/profile";
import { calendarShift } from "../sim/contacts/calendar";
import { contactRuns } from "../sim/contacts/contactProximity";
import { Crowd } from "../sim/crowd/crowd";
import { type CrowdDevice, type CrowdSpec, type HostCommand, REPEATER_LOAD } from "../sim/crowd/spec";
import type { LoopScene, QuietSpan } from "./scene";

const SECOND_US = 1e6;
/**
 * Contacts begin and end this much inside the times of the list. Those fall on whole minutes a third of the time, but badges
 * say nothing finer than 20 seconds; and a keyfob changes its chirp some tenths of a second after the minute.
 */
const EDGE_US = 0.5e6;
/** Devices are switched on this long before the scene begins, and their clocks set a little later. */
const LEAD_S = 120;
const CLOCK_SET_AT_S = 20;
/** A press of this length snoozes (firmware/wearer). */
const LONG_PRESS_MS = 3000;
/** A second without power, and the time it takes a keyfob to be back on the air. */
const OUTAGE_S = 15;
/** A chirp's row is written when it can no longer be heard: until then, up to three minutes, it is in RAM. */
const UNWRITTEN_S = 180;

export interface TownOptions {
  readonly scene: LoopScene;
  readonly radio: keyof typeof PROFILES;
  readonly seed: number;
  /** Moments (Unix seconds of the scene) at which keyfobs lose power for a second. */
  readonly powerCuts: readonly { readonly id: string; readonly atS: number }[];
  /** Share of advertising reports that get lost. */
  readonly lostReports: number;
  /** Called some times a second with the moment that has been reached. */
  readonly onProgress: (atS: number) => void;
  /** A program failed; its device has started again. */
  readonly onPanic: (id: string, report: string) => void;
}

/** A scene's devices. Times are Unix seconds of the scene; `shiftS` is what the devices' calendar is ahead of it. */
export class Town {
  private nowS: number;

  private constructor(
    private readonly crowd: Crowd,
    private readonly scene: LoopScene,
    readonly shiftS: number,
    private readonly radios: ReadonlyMap<string, number>,
  ) {
    this.nowS = scene.fromS - LEAD_S;
  }

  /** Compiles the programs, makes the devices and sets their clocks. */
  static async found({ scene, radio, seed, powerCuts, lostReports, onProgress, onPanic }: TownOptions): Promise<Town> {
    const shiftS = calendarShift(scene.fromS);
    const wearable = await compile("wearable");
    const repeater = scene.repeaters.length > 0 ? await compile("repeater") : wearable;
    const radios = new Map([...scene.people, ...scene.repeaters].map(({ id }, i) => [id, i]));
    const originS = scene.fromS - LEAD_S;
    const number = (id: string): number => radios.get(id) ?? -1;
    const devices = [
      ...scene.people.map(({ id }): CrowdDevice => {
        const cuts = powerCuts.filter((cut) => cut.id === id).map(({ atS }) => (atS - originS) * SECOND_US);
        const hostCommands = [setClock(originS + shiftS)];
        return { program: "wearable", hostCommands, ...(cuts.length > 0 ? { powerCutsUs: cuts } : {}) };
      }),
      ...scene.repeaters.map((): CrowdDevice => ({ program: "repeater", load: REPEATER_LOAD })),
    ];
    const spec: CrowdSpec = {
      seed: `${scene.name} ${seed}`,
      profile: { ...PROFILES[radio], lossRate: Math.max(PROFILES[radio].lossRate, lostReports) },
      proximity: {
        kind: "contacts",
        runs: contactRuns(
          scene.contacts.map(({ endS, a, b }) => ({ endS, a: number(a), b: number(b) })),
          originS,
        ).map(({ a, b, fromUs, toUs }) => ({
          a,
          b,
          fromUs: Math.max(fromUs, LEAD_S * SECOND_US) + EDGE_US,
          toUs: Math.min(toUs, (scene.toS - originS) * SECOND_US) - EDGE_US,
        })),
      },
      programs: {
        wearable: { image: wearable.image, debugFile: wearable.debugFile },
        repeater: { image: repeater.image, debugFile: repeater.debugFile },
      },
      devices,
      startS: originS + shiftS,
    };
    const ids = [...radios.keys()];
    const crowd = await Crowd.start(spec, {
      onProgress: (nowUs) => onProgress(originS + nowUs / SECOND_US),
      onPanic: (radio, _, report) => onPanic(ids[radio] ?? "", report),
    });
    return new Town(crowd, scene, shiftS, radios);
  }

  /** Lets everybody live until a moment; keyfobs are snoozed by their buttons on the way. */
  async liveUntil(untilS: number): Promise<void> {
    const snoozes = this.scene.snoozes.filter(({ fromS }) => fromS >= this.nowS && fromS < untilS);
    for (const { id, fromS } of [...snoozes].sort((a, b) => a.fromS - b.fromS)) {
      await this.runTo(fromS);
      await this.crowd.press(this.radio(id), LONG_PRESS_MS);
    }
    await this.runTo(untilS);
  }

  /** The Unix second, on the devices' calendar, at which the run has arrived. */
  get deviceS(): number {
    return this.nowS + this.shiftS;
  }

  get deviceHour(): number {
    return hourOfSeconds(this.deviceS);
  }

  /** Plugs a device into a computer: its address for --port. */
  plugIn(id: string): Promise<string> {
    return this.crowd.openPort(this.radio(id));
  }

  pressButton(id: string): Promise<void> {
    return this.crowd.press(this.radio(id));
  }

  unplug(id: string): Promise<void> {
    return this.crowd.closePort(this.radio(id));
  }

  /** The flash chip that holds a keyfob's log. */
  async logImage(id: string): Promise<Uint8Array> {
    return (await this.crowd.state(this.radio(id))).flash.log.bytes;
  }

  close(): Promise<void> {
    return this.crowd.close();
  }

  private radio(id: string): number {
    const radio = this.radios.get(id);
    if (radio === undefined) throw new RangeError(`nobody is called ${id}`);
    return radio;
  }

  private async runTo(untilS: number): Promise<void> {
    if (untilS <= this.nowS) return;
    await this.crowd.run(Math.round((untilS - this.nowS) * SECOND_US));
    this.nowS = untilS;
  }
}

/** Sets the clock as a computer would, some seconds after the device was switched on. @param originS Unix second of time 0 */
function setClock(originS: number): HostCommand {
  const data = new Uint8Array(8);
  const view = new DataView(data.buffer);
  view.setUint32(0, originS + CLOCK_SET_AT_S, true);
  view.setUint16(4, 1, true);
  return {
    atUs: CLOCK_SET_AT_S * SECOND_US,
    serviceClass: KEYFOB_SERVICE_CLASS,
    command: Command.ClockSet,
    data,
  };
}

/** The time of which a keyfob that lost power may know nothing. */
export function outageOf(cut: { readonly id: string; readonly atS: number }): QuietSpan {
  return { id: cut.id, fromS: cut.atS - UNWRITTEN_S, toS: cut.atS + OUTAGE_S };
}

/** A role's program for simulated devices. @throws BuildError with the compiler's diagnostics */
function compile(role: ProgramRole): Promise<Bytecode> {
  return buildBytecode(role, buildOf(role).entry);
}
