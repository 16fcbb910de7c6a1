import type { Timer } from "../chips/lines";
import { Command, Status } from "./codes";
import type { CommandGroup } from "./commandGroup";
import { refusal, requestOf } from "./refusal";

/** So long a repeated command gets the first one's answer again. */
const REPEAT_MS = 30000;

/** Commands that do something once, whose repetition must do nothing. */
const ONCE = [Command.ClockSet, Command.Snooze, Command.ExportEnd, Command.ResultsEnd];

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
  private readonly lastRequests: number[];
  private readonly lastReports: (Buffer | undefined)[];
  private readonly lastTimes: number[];

  constructor(timer: Timer) {
    this.groups = [];
    this.otherwise = Status.NotOffered;
    this.timer = timer;
    this.refused = 0;
    this.faults = 0;
    this.lastRequests = [0, 0, 0, 0];
    this.lastReports = [undefined, undefined, undefined, undefined];
    this.lastTimes = [0, 0, 0, 0];
  }

  /** Adds commands. */
  offer(group: CommandGroup): void {
    this.groups.push(group);
  }

  /** Carries out one command. @returns the report's payload, or undefined if there is none */
  async handle(command: number, payload: Buffer): Promise<Buffer | undefined> {
    for (const group of this.groups) if (group.offers(command)) return await this.once(group, command, payload);
    this.refused++;
    return refusal(command, payload, this.otherwise);
  }

  private async once(group: CommandGroup, command: number, payload: Buffer): Promise<Buffer | undefined> {
    const index = ONCE.indexOf(command);
    if (index < 0) return await this.carryOut(group, command, payload);
    const request = requestOf(command, payload);
    const previous = this.lastReports[index];
    const isRepeated =
      request !== 0 && request === this.lastRequests[index] && this.timer.millis() - this.lastTimes[index] < REPEAT_MS;
    if (previous && isRepeated) return previous;
    const report = await this.carryOut(group, command, payload);
    this.lastRequests[index] = request;
    this.lastReports[index] = report;
    this.lastTimes[index] = this.timer.millis();
    return report;
  }

  private async carryOut(group: CommandGroup, command: number, payload: Buffer): Promise<Buffer | undefined> {
    try {
      const report = await group.handle(command, payload);
      if (report || command === Command.ImportPiece) return report;
      this.refused++;
      return refusal(command, payload, Status.Malformed);
    } catch (_error) {
      this.faults++; // the packet's answer is lost; the program goes on
      return undefined;
    }
  }
}
