import type { Command } from "commander";
import type { KeyfobStatus } from "../../device/keyfobWire";
import { addPortOption, type PortOptions, withKeyfob } from "../device";
import { formatMoment } from "../localTime";
import { printFacts, printJson } from "../output";
import { formatSpan } from "../progress";

/** `chirpfob status`: what the keyfob says about itself; needs no consent, because none of it is personal. */
export function addStatusCommand(program: Command): void {
  addPortOption(
    program
      .command("status")
      .description("what the keyfob is doing: clock, radio, storage, battery, counters")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob status"),
  ).action((options: PortOptions & { json?: boolean }) =>
    withKeyfob(options, async ({ keyfob }) => {
      const status = await keyfob.status();
      const counters = await keyfob.counters();
      if (options.json) printJson({ port: keyfob.board.address, ...status, counters });
      else {
        printFacts(describe(status));
        process.stdout.write("\ncounters since the program started\n");
        printFacts(counters);
      }
    }),
  );
}

function describe(status: KeyfobStatus): Record<string, unknown> {
  const { state } = status;
  // A repeater has neither clock nor storage.
  const isRepeater = status.role === "repeater";
  return {
    device: `${status.role}, firmware ${status.version}`,
    ...(isRepeater ? {} : describeTime(status)),
    [isRepeater ? "repeating" : "chirping"]: state.chirping
      ? "yes"
      : state.snoozed
        ? `no, snoozed until ${formatMoment(status.snoozeUntil * 1000)}`
        : "no",
    radio: state.radioUp ? "working" : "not working",
    ...(isRepeater ? {} : { storage: state.storageReady ? "ready" : "not ready" }),
    battery: status.battery === undefined ? "unknown" : `${status.battery} %`,
    running: formatSpan(status.uptime * 1000),
    ...(state.fault ? { fault: "yes: see the light and the counters below" } : {}),
    ...(state.safeMode
      ? { "safe mode": "yes: it crashed three times in ten minutes and does nothing but answer here" }
      : {}),
    ...(state.overCapacity ? { capacity: "exceeded: more chirps than it can repeat" } : {}),
  };
}

function describeTime({ state, now, lastSync }: KeyfobStatus): Record<string, unknown> {
  return {
    clock: !state.clockSet
      ? 'not set: the keyfob neither chirps nor listens; run "chirpfob clock sync"'
      : `${formatMoment(now * 1000)}${state.clockApproximate ? ', approximate since a restart; run "chirpfob clock sync"' : ""}`,
    "last sync": lastSync === 0 ? "never" : formatMoment(lastSync * 1000),
  };
}
