import type { Group } from "../../protocol/keyfob/codes";
import { Command, Status } from "../../protocol/keyfob/codes";
import type { Timer } from "../base/timer";
import type { CommandGroup } from "./commandGroup";
import { groupOf, isWellFormed, refusal, requestOf } from "./layouts";

/** So long a repeated command gets the first one's answer again. */
const REPEAT_MS = 30000;

/** Commands that do something once, whose repetition must do nothing. */
const ONCE = [Command.ClockSet, Command.Snooze, Command.ConsentEnd, Command.ExportEnd, Command.ResultsEnd];

/** The answer that the latest of them got. */
interface Answered {
  readonly request: number;
  /** Not `report`: a method of DeviceScript has that name, and would come into the program with half a kilobyte of code. */
  readonly answer: Buffer;
  readonly atMs: number;
}

/**
 * The keyfob's side of services/keyfob.md, without Jacdac: a command and its payload go in, the payload of the report comes
 * out. Commands must be handed in one at a time. Nothing thrown by a command gets out.
 */
export class KeyfobService {
  /** Packets that could not be understood or were not offered. */
  refused: number;
  /** Exceptions that a command should not have let out. */
  faults: number;
  /** The answer to commands that no group offers (yet). */
  otherwise: Status;
  private readonly groups: CommandGroup[];
  private readonly timer: Timer;
  private readonly answered: Answered[];

  constructor(timer: Timer) {
    this.groups = [];
    this.otherwise = Status.NotOffered;
    this.timer = timer;
    this.refused = 0;
    this.faults = 0;
    this.answered = [];
  }

  /** Adds the commands of a group. */
  offer(group: Group, commands: CommandGroup): void {
    this.groups[group] = commands;
  }

  /** Carries out one command. @returns the report's payload, or undefined if there is none */
  async handle(command: number, payload: Buffer): Promise<Buffer | undefined> {
    const group = this.groups[groupOf(command)];
    if (group && isWellFormed(command, payload)) return await this.once(group, command, payload);
    this.refused++;
    return refusal(command, payload, group ? Status.Malformed : this.otherwise);
  }

  private async once(group: CommandGroup, command: Command, payload: Buffer): Promise<Buffer | undefined> {
    const index = ONCE.indexOf(command);
    if (index < 0) return await this.carryOut(group, command, payload);
    const request = requestOf(command, payload);
    const before = this.answered[index];
    const isRepeated = before && request !== 0 && request === before.request;
    if (isRepeated && this.timer.millis() - before.atMs < REPEAT_MS) return before.answer;
    const report = await this.carryOut(group, command, payload);
    if (report) this.answered[index] = { request, answer: report, atMs: this.timer.millis() };
    return report;
  }

  private async carryOut(group: CommandGroup, command: Command, payload: Buffer): Promise<Buffer | undefined> {
    try {
      return await group.handle(command, payload);
    } catch (_error) {
      this.faults++; // the packet's answer is lost; the program goes on
      return undefined;
    }
  }
}
