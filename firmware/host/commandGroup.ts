import type { Command } from "./codes";

/** The commands of services/keyfob.md that belong together. */
export enum Group {
  State = 0,
  Wearer = 1,
  RegionKeys = 2,
  Export = 3,
  Import = 4,
  Results = 5,
  Erase = 6,
  /** Of a wearable only. */
  Clock = 7,
  None = 8,
}

/** Carries out the commands of one group. */
export interface CommandGroup {
  /**
   * Carries out a command of the group, whose payload is as long as layouts.ts has it, and answers with the payload of the
   * report; undefined if there is none.
   */
  handle(command: Command, payload: Buffer): Promise<Buffer | undefined>;
}
