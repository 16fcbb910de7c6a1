// What `chirpfob sim run` tells people on a terminal.

import { percent } from "../base/words";
import { differenceText } from "../rehearsal/report/answers";
import type { LoopResult, PersonAnswer } from "../rehearsal/result";
import { printLine, printTable } from "./output";
import { bold } from "./terminal";

const ADVICE = { none: "", notice: "notice", alert: "talk to your health service" } as const;

/** Prints the answers and where the truth agrees. */
export function printLoopResult(result: LoopResult, seconds: number): void {
  const { people, uploads, shards, differences } = result;
  for (const { name, bytes, hours, withheldHours } of uploads)
    printLine(
      `${name} shared ${hours} hours (${bytes} bytes)${withheldHours.length > 0 ? `; ${withheldHours.length} of them withheld, and nobody can tell which` : ""}.`,
    );
  const seeds = shards.reduce((sum, shard) => sum + shard.seeds, 0);
  printLine(`Published: ${shards.length} signed shard${shards.length === 1 ? "" : "s"} with ${seeds} seeds.\n`);
  const told = people.filter((p) => p.directMinutes + p.sharedMinutes + p.truthMinutes + p.truthSharedMinutes > 0);
  if (told.length > 0) printTable(["keyfob of", "direct", "truth", "shared", "truth", "advice"], told.map(row));
  if (told.length < people.length)
    printLine(
      people.length - told.length === 1
        ? "One other met nobody who fell ill, and the keyfob says so."
        : `${people.length - told.length} others met nobody who fell ill, and their keyfobs say so.`,
    );
  printLine("");
  printLine(
    bold(`Precision ${percent(result.precision)}, recall ${percent(result.recall)} of the contact list's minutes.`),
  );
  if (result.repeaters.length > 0)
    printLine(`Shared space: precision ${percent(result.sharedPrecision)}, recall ${percent(result.sharedRecall)}.`);
  for (const { minMinutes, maxMinutes, contacts, found, minutes, minutesCounted } of result.contacts)
    if (contacts > 0)
      printLine(
        `Contacts of ${minMinutes}${maxMinutes === undefined ? " minutes or more" : maxMinutes === minMinutes ? " minute" : ` to ${maxMinutes} minutes`}: ${found} of ${contacts} found, ${percent(minutesCounted / minutes)} of their minutes counted.`,
      );
  if (people.length === 0) printLine("Everybody was diagnosed: nobody is left to be told.");
  else if (differences.length === 0) printLine("Every keyfob says exactly what the contact list says.");
  const names = new Map(people.map(({ id, name }) => [id, name]));
  for (const difference of differences.slice(0, MAX_DIFFERENCES))
    printLine(`  ${names.get(difference.id)}: ${differenceText(difference)}`);
  if (differences.length > MAX_DIFFERENCES)
    printLine(`  ... and ${differences.length - MAX_DIFFERENCES} more; --json and --html list them all.`);
  printLine(`Done in ${seconds.toFixed(0)} s.`);
}

const MAX_DIFFERENCES = 12;

function row({ name, directMinutes, truthMinutes, sharedMinutes, truthSharedMinutes, advice }: PersonAnswer): string[] {
  return [
    name,
    `${directMinutes} min`,
    `${truthMinutes}`,
    `${sharedMinutes} min`,
    `${truthSharedMinutes}`,
    ADVICE[advice],
  ];
}
