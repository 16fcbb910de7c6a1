import type { Command } from "commander";
import { type Keyfob, pause } from "../../keyfob/keyfob";
import { addPortOption, type PortOptions, withKeyfob } from "../device";
import { formatMoment } from "../localTime";
import { printJson } from "../output";
import { formatSpan } from "../progress";

/** Over a shorter time the rounding of the clocks would pass for a drift. */
const MIN_DRIFT_SECONDS = 3600;
/** A keyfob that learns the time takes a second or two to write its seed and to be on the air. */
const BEGIN_LIMIT_MS = 5000;
const BEGIN_POLL_MS = 200;

/** `chirpfob clock sync`: the keyfob has no other source of time than its host. */
export function addClockCommand(program: Command): void {
  const clock = program.command("clock").description("the keyfob's clock");
  addPortOption(
    clock
      .command("sync")
      .description("set the keyfob's clock to this computer's, and say how far it was off")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob clock sync"),
  ).action((options: PortOptions & { json?: boolean }) =>
    withKeyfob(options, async ({ keyfob, signal }) => {
      const { driftMs, sinceSync, previous } = await keyfob.setClock(Date.now);
      const ppm =
        previous === "set" && sinceSync >= MIN_DRIFT_SECONDS ? Math.round((driftMs * 1000) / sinceSync) : null;
      const chirping = await awaitChirping(keyfob, signal);
      if (options.json) return printJson({ driftMs, sinceSyncSeconds: sinceSync, previous, driftPpm: ppm, chirping });
      process.stdout.write(`The keyfob's clock is set: ${formatMoment(Date.now())}.\n`);
      if (previous === "unset")
        process.stdout.write(
          chirping
            ? "It was not set before; from now on the keyfob chirps and listens.\n"
            : 'It was not set before. The keyfob does not chirp yet: "chirpfob status" says more.\n',
        );
      else
        process.stdout.write(
          `It was ${(Math.abs(driftMs) / 1000).toFixed(1)} s ${driftMs < 0 ? "slow" : "fast"}` +
            `${sinceSync > 0 ? ` after ${formatSpan(sinceSync * 1000)}` : ""}` +
            `${ppm === null ? "" : ` (${ppm} ppm)`}${previous === "approximate" ? ", and approximate since a restart" : ""}.\n`,
        );
    }),
  );
}

/** Whether the keyfob chirps with the time that it has now; one that is snoozed is not waited for. */
async function awaitChirping(keyfob: Keyfob, signal: AbortSignal): Promise<boolean> {
  for (const deadline = Date.now() + BEGIN_LIMIT_MS; ; await pause(BEGIN_POLL_MS, signal)) {
    const { state } = await keyfob.status();
    if (state.chirping || state.snoozed || Date.now() > deadline) return state.chirping;
  }
}
