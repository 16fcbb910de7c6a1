import type { Command } from "commander";
import type { KeyfobStatus } from "../../keyfob/keyfobWire";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { formatMoment } from "../localTime";
import { print, printFacts, printJson } from "../output";
import { formatSpan } from "../progress";

/** `chirpfob status`: what the keyfob says about itself; needs no consent, because none of it is personal. */
export function addStatusCommand(program: Command): void {
  addPortOption(
    program
      .command("status")
      .description("what the keyfob is doing: clock, radio, storage, battery, counters")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob status"),
  ).action((options: PortChoice & { json?: boolean }) =>
    withKeyfob(options, async ({ keyfob }) => {
      const status = await keyfob.status();
      const counters = await keyfob.counters();
      const isQuiet = status.role === "repeater" && (await keyfob.configGet("quiet")).value === 1;
      if (options.json)
        printJson({
          port: keyfob.board.address,
          ...status,
          ...(status.role === "repeater" ? { quiet: isQuiet } : {}),
          counters,
        });
      else {
        printFacts(status.role === "repeater" ? describeRepeater(status, isQuiet) : describeWearable(status));
        print("\ncounters since the program started\n");
        const others = COUNTERS_OF_OTHERS[status.role];
        printFacts(Object.fromEntries(Object.entries(counters).filter(([name]) => !others.includes(name))));
      }
    }),
  );
}

/** Counters of what a role does not do. */
const COUNTERS_OF_OTHERS: Record<KeyfobStatus["role"], readonly string[]> = {
  unknown: [],
  wearable: ["liveChirps", "chirpsDropped"],
  repeater: [
    "rowsWritten",
    "rowsEarly",
    "storageErrors",
    "blocksImported",
    "shardsVerified",
    "shardsRefused",
    "freeHeapBytes",
    "restarts",
  ],
};

function describeWearable(status: KeyfobStatus): Record<string, unknown> {
  const { state } = status;
  return {
    device: `${status.role}, firmware ${status.version}`,
    ...describeTime(status),
    chirping: state.chirping
      ? "yes"
      : state.snoozed
        ? `no, snoozed until ${formatMoment(status.snoozeUntil * 1000)}`
        : "no",
    radio: state.radioUp ? "working" : "not working",
    storage: state.storageReady ? "ready" : "not ready",
    battery: status.battery === undefined ? "unknown" : `${status.battery} %`,
    running: formatSpan(status.uptime * 1000),
    ...describeFaults(status),
  };
}

/** A repeater has neither clock nor storage nor battery. */
function describeRepeater(status: KeyfobStatus, isQuiet: boolean): Record<string, unknown> {
  const { state } = status;
  return {
    device: `${status.role}, firmware ${status.version}`,
    repeating: isQuiet
      ? 'no, it is quiet: "chirpfob config set quiet 0" lets it go on'
      : state.chirping
        ? "yes"
        : state.radioUp
          ? "no, it has nothing to repeat now"
          : "no",
    radio: isQuiet ? "silent" : state.radioUp ? "working" : "not working",
    running: formatSpan(status.uptime * 1000),
    ...describeFaults(status),
    ...(state.overCapacity ? { capacity: "exceeded: more chirps than it can repeat" } : {}),
  };
}

function describeFaults({ state }: KeyfobStatus): Record<string, unknown> {
  return {
    ...(state.fault ? { fault: "yes: see the light and the counters below" } : {}),
    ...(state.safeMode
      ? { "safe mode": "yes: it crashed three times in ten minutes and does nothing but answer here" }
      : {}),
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
