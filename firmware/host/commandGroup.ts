import type { Command } from "../../protocol/keyfob/codes";

/** Carries out the commands of one group. */
export interface CommandGroup {
  /**
   * Carries out a command of the group, whose payload is as long as layouts.ts has it, and answers with the payload of the
   * report; undefined if there is none.
   */
  handle(command: Command, payload: Buffer): Promise<Buffer | undefined>;
}
