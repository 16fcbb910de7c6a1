import type { Command } from "commander";
import { type ClockReport, syncClock } from "../../desk/clock";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { formatMoment } from "../localTime";
import { print, printJson } from "../output";
import { formatSpan } from "../progress";

/** `chirpfob clock sync`: the keyfob has no other source of time than its host. */
export function addClockCommand(program: Command): void {
  const clock = program.command("clock").description("the keyfob's clock");
  addPortOption(
    clock
      .command("sync")
      .description("set the keyfob's clock to this computer's, and say how far it was off")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob clock sync"),
  ).action((options: PortChoice & { json?: boolean }) =>
    withKeyfob(options, async (session) => {
      const report = await syncClock(session);
      if (options.json) printJson(report);
      else printClock(report);
    }),
  );
}

/** Tells what came of setting a clock. */
export function printClock({ driftMs, sinceSyncSeconds, previous, driftPpm, chirping }: ClockReport): void {
  print(`The keyfob's clock is set: ${formatMoment(Date.now())}.\n`);
  if (previous === "unset")
    print(
      chirping
        ? "It was not set before; from now on the keyfob chirps and listens.\n"
        : 'It was not set before. The keyfob does not chirp yet: "chirpfob status" says more.\n',
    );
  else
    print(
      `It was ${(Math.abs(driftMs) / 1000).toFixed(1)} s ${driftMs < 0 ? "slow" : "fast"}` +
        `${sinceSyncSeconds > 0 ? ` after ${formatSpan(sinceSyncSeconds * 1000)}` : ""}` +
        `${driftPpm === null ? "" : ` (${driftPpm} ppm)`}${previous === "approximate" ? ", and approximate since a restart" : ""}.\n`,
    );
}
