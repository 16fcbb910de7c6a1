import { readU32, writeU32 } from "../../protocol/base/bytes";
import { MAX_SETTING_BYTES, type SettingsStore } from "../board/settingsStore";
import type { Clock } from "./clock";

const CLOCK = "clock";
const PLANNED = "planned";
const REMEMBERED = "planned0";
const STARTS = "starts";
const SNOOZE_BYTES = 4;

/** What a planned restart hands on to the next run. */
export interface Handover {
  /** Unix seconds at which a snooze ends, 0 if none. */
  readonly snoozeUntil: number;
  /** What Listener.remembered gave. */
  readonly remembered: Buffer;
}

/** Most bytes of remembered chirps in a handover. */
export const MAX_REMEMBERED_BYTES = MAX_SETTING_BYTES;

/** The thread that runs through restarts: clock checkpoints, the handover of a planned restart, the number of starts. */
export class Session {
  /** Starts in the life of this keyfob, this one included. */
  starts: number;
  private readonly store: SettingsStore;

  constructor(store: SettingsStore) {
    this.store = store;
    this.starts = 0;
  }

  /** Goes on where the run before ended. @returns its handover, if it ended as planned */
  async resume(clock: Clock): Promise<Handover | undefined> {
    const starts = await this.store.get(STARTS);
    this.starts = (starts && starts.length === 4 ? readU32(starts, 0) : 0) + 1;
    await this.store.set(STARTS, u32(this.starts));
    const handover = await this.takeHandover();
    const checkpoint = await this.store.get(CLOCK);
    if (checkpoint) clock.resume(checkpoint, handover !== undefined);
    return handover;
  }

  /** Notes the time, in case the power goes. */
  async checkpoint(clock: Clock): Promise<void> {
    if (clock.isSet()) await this.store.set(CLOCK, clock.checkpoint());
  }

  /** Notes all that the next run needs (Handover); the restart must follow at once. */
  async handOver(clock: Clock, snoozeUntil: number, remembered: Buffer): Promise<void> {
    await this.store.set(REMEMBERED, remembered);
    await this.store.set(PLANNED, u32(snoozeUntil));
    await this.checkpoint(clock);
  }

  async erase(): Promise<void> {
    await this.store.remove(CLOCK);
    await this.store.remove(STARTS);
  }

  private async takeHandover(): Promise<Handover | undefined> {
    const planned = await this.store.get(PLANNED);
    if (!planned || planned.length !== SNOOZE_BYTES) return undefined;
    const remembered = await this.store.get(REMEMBERED);
    await this.store.remove(REMEMBERED);
    await this.store.remove(PLANNED);
    return { snoozeUntil: readU32(planned, 0), remembered: remembered ? remembered : Buffer.alloc(0) };
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeU32(bytes, 0, value);
  return bytes;
}
