// What `chirpfob doctor --hardware` looks at on a freshly soldered device: two readings of its status, a little more than a
// minute apart, and the board's entry. docs/hardware.md ("What to check") explains each by the same name.

import type { KeyfobStatus } from "../keyfob/keyfobWire";
import type { BoardEntry } from "./boards";

/** What a device says of itself at one moment. */
export interface HardwareReading {
  readonly status: KeyfobStatus;
  /** The counters of services/keyfob.md, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What a check sees. */
export interface HardwareEvidence {
  readonly before: HardwareReading;
  /** At least WATCH_MS later. */
  readonly after: HardwareReading;
  readonly board: BoardEntry | undefined;
  /** Whether the runtime's settings service can be seen over USB: then there is no gate, and the rest is open, too. */
  readonly showsSettings: boolean;
}

/** The outcome of one check; `warning`: cannot be told from here, or may be as it should. */
export interface HardwareFinding {
  readonly what: string;
  readonly state: "ok" | "warning" | "problem";
  readonly found: string;
  readonly mend?: string;
}

/** How far the two readings lie apart: over every full minute, when address and data change. */
export const WATCH_MS = 65_000;

const LEAST_FREE_HEAP_BYTES = 4096;

type Examine = (evidence: HardwareEvidence) => Omit<HardwareFinding, "what">;

/** The checks that need no hands, in the order in which a fault of one explains the next. */
const CHECKS: readonly (readonly [what: string, examine: Examine])[] = [
  ["keeps running", keepsRunning],
  ["radio answers", radioAnswers],
  ["radio chirps", radioChirps],
  ["radio hears", radioHears],
  ["flash works", flashWorks],
  ["clock runs", clockRuns],
  ["memory suffices", memorySuffices],
  ["cable is guarded", cableIsGuarded],
];

/** Class of the settings service that every DeviceScript runtime has; the gate of firmware/native hides it. */
export const SETTINGS_SERVICE_CLASS = 0x1107dc4a;

/** Steps that need hands, an eye or a meter; they are printed for whoever checks a first device. */
export const MANUAL_STEPS: readonly string[] = [
  "press the button: the light answers within a second",
  'watch the air with a phone (an app such as "nRF Connect"): one non-connectable frame a second, 31 bytes, company FFFF, whose address changes at each full minute',
  "unplug USB and battery for ten seconds: the counters go on, and with a clock chip the clock is not approximate",
  "measure the current at the battery for a minute and compare it with chirpfob power --board",
  "hold a finger on each chip: none is more than hand-warm",
];

/** Judges a device by two readings. */
export function examineHardware(evidence: HardwareEvidence): HardwareFinding[] {
  const { role } = evidence.after.status;
  const applies =
    role === "repeater" ? CHECKS.filter(([what]) => what !== "flash works" && what !== "clock runs") : CHECKS;
  return applies.map(([what, examine]) => ({ what, ...examine(evidence) }));
}

function keepsRunning({ before, after }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const power =
    "look for a loose wire, a weak cell or a supply below 3.2 V: a radio that starts draws 0.2 A for a moment";
  if (after.status.state.safeMode)
    return { state: "problem", found: "safe mode: three crashes within ten minutes", mend: power };
  if (after.status.uptime < before.status.uptime)
    return { state: "problem", found: "it restarted while it was watched", mend: power };
  const crashes = after.counters.crashes ?? 0;
  return crashes > 0
    ? {
        state: "warning",
        found: `no restart; ${crashes} unplanned in its life`,
        mend: "unplugging counts too; more than that is a bad contact",
      }
    : { state: "ok", found: "no restart" };
}

function radioAnswers({ before, after, board }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const isModule = board !== undefined && board.radio.kind !== "native";
  const mend = isModule
    ? `measure 3.3 V at the module; compare SCK, MISO, MOSI and the pins of "chirpfob boards ${board.id}"; the interrupt line must rise after a reset`
    : "the runtime must contain the native component: firmware/native/README.md";
  if (!after.status.state.radioUp) return { state: "problem", found: "no answer from the controller", mend };
  const resets = grown(before, after, "hciResets");
  const garbage = grown(before, after, "hciGarbage");
  if (resets > 0 || garbage > 0)
    return {
      state: "problem",
      found: `${resets} restarts and ${garbage} garbled events while it was watched`,
      mend: isModule ? "shorten the SPI wires, or lower spi.hz in boards.json" : mend,
    };
  const errors = after.counters.hciErrors ?? 0;
  if (errors === 0) return { state: "ok", found: "no errors" };
  return {
    state: "warning",
    found: `${errors} commands refused since the start`,
    mend: "record a trace of the first minute and report it",
  };
}

function radioChirps({ before, after }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  if (after.status.role === "repeater") return { state: "ok", found: "a repeater chirps only what it has heard" };
  const { clockSet, snoozed } = after.status.state;
  if (!clockSet)
    return { state: "warning", found: "it does not, before its clock is set", mend: "chirpfob clock sync, and again" };
  if (snoozed) return { state: "warning", found: "it is snoozed", mend: "chirpfob snooze 0, and again" };
  if (grown(before, after, "minutesMissed") > 0)
    return { state: "problem", found: "a minute passed without a chirp", mend: "see to the radio first" };
  return grown(before, after, "minutesChirped") > 0
    ? { state: "ok", found: "a new chirp at the full minute" }
    : { state: "problem", found: "no new chirp in more than a minute", mend: "see to the radio first" };
}

function radioHears({ before, after }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const heard = grown(before, after, "chirpsHeard");
  return heard > 0
    ? { state: "ok", found: `${heard} chirps` }
    : {
        state: "warning",
        found: "no other keyfob",
        mend: "put a second one beside it; then look at the aerial and what covers it",
      };
}

function flashWorks({ before, after, board }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const mend =
    board?.flash.kind === "spi-nor"
      ? "measure 3.3 V at VCC, WP# and HOLD#; compare the wires with the diagram"
      : "the runtime needs the partition chirplog: firmware/native/partitions.csv";
  if (!after.status.state.storageReady) return { state: "problem", found: "the store does not open", mend };
  const errors = grown(before, after, "storageErrors");
  return errors > 0
    ? { state: "problem", found: `${errors} errors while it was watched`, mend }
    : { state: "ok", found: "no errors" };
}

function clockRuns({ before, after, board }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const { clockSet, clockApproximate } = after.status.state;
  if (!clockSet) return { state: "warning", found: "not set", mend: "chirpfob clock sync" };
  if (clockApproximate)
    return board === undefined || board.clock === "none"
      ? { state: "warning", found: "approximate since the power was gone", mend: "chirpfob clock sync" }
      : {
          state: "problem",
          found: "approximate although a clock chip is fitted",
          mend: "a new coin cell; then SDA, SCL and 3.3 V at the chip",
        };
  const ran = after.status.now - before.status.now;
  const uptime = after.status.uptime - before.status.uptime;
  return Math.abs(ran - uptime) <= 1
    ? { state: "ok", found: "set, and in step" }
    : {
        state: "problem",
        found: `went on by ${ran} s in ${uptime} s`,
        mend: "report it: the device's timer and clock disagree",
      };
}

function memorySuffices({ after }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  const free = after.counters.freeHeapBytes;
  // 0 stands for unknown (services/keyfob.md): the simulator's devices do not tell.
  if (!free) return { state: "ok", found: "the device does not tell" };
  return free >= LEAST_FREE_HEAP_BYTES
    ? { state: "ok", found: `${free} bytes free` }
    : { state: "problem", found: `only ${free} bytes free`, mend: "report it, with the number of keyfobs around" };
}

function cableIsGuarded({ showsSettings, after }: HardwareEvidence): Omit<HardwareFinding, "what"> {
  if (!showsSettings) return { state: "ok", found: "nothing is to be seen but keyfob and program manager" };
  return {
    state: after.status.role === "repeater" ? "warning" : "problem",
    found: "settings and debugger are open to any computer, and the button can be forged",
    mend: "build the runtime with the gate: firmware/native/README.md",
  };
}

/** By how much a counter grew; after a restart from 0. */
function grown(before: HardwareReading, after: HardwareReading, name: string): number {
  const [was, is] = [before.counters[name] ?? 0, after.counters[name] ?? 0];
  return is >= was ? is - was : is;
}
