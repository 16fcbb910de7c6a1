// What a crowd is made of, as plain data that travels to worker threads.

import type { RecordedPacket } from "../air/air";
import type { RadioProfile } from "../air/profile";
import type { Waypoint } from "../air/proximity";
import type { ContactRun } from "../contacts/contactProximity";
import type { Micros } from "../core/scheduler";
import type { ClockError } from "../device/clock";
import type { DeviceFlash } from "../device/device";

/** A command that the device's USB host gives it at a moment of the scenario (or when the service is first announced). */
export interface HostCommand {
  readonly atUs: Micros;
  readonly serviceClass: number;
  readonly command: number;
  readonly data: Uint8Array;
}

/** `load` of a repeater: with chirps in memory it sends forty times a second, a keyfob once. */
export const REPEATER_LOAD = 12;

/** One keyfob or repeater of a crowd. Its radio number is its place in the list. */
export interface CrowdDevice {
  /** Which of CrowdSpec.programs it runs. */
  readonly program: string;
  /** How much work it is to simulate, beside a keyfob; default 1. Threads get about equal shares. */
  readonly load?: number;
  /** When it first gets power; default: a random moment of the first second, as nobody switches on in step. */
  readonly bootUs?: Micros;
  readonly clock?: ClockError;
  readonly txPowerDbm?: number;
  /** Flash to start from; default: factory fresh. */
  readonly flash?: DeviceFlash;
  /** Setting the clock, for instance. */
  readonly hostCommands?: readonly HostCommand[];
  /** Moments at which it loses power for a second. */
  readonly powerCutsUs?: readonly Micros[];
  /** Its clock jumps ahead. */
  readonly clockJumps?: readonly { readonly atUs: Micros; readonly byUs: Micros }[];
  /** Path of a btsnoop file for its HCI traffic. */
  readonly hciTrace?: string;
}

/** Who is near whom: from a contact list, or by walking about. */
export type CrowdProximity =
  | { readonly kind: "contacts"; readonly runs: readonly ContactRun[] }
  | { readonly kind: "walks"; readonly walks: readonly (readonly Waypoint[])[] };

export interface CrowdSpec {
  readonly seed: string;
  readonly profile: RadioProfile;
  readonly proximity: CrowdProximity;
  readonly programs: Readonly<Record<string, { readonly image: Uint8Array; readonly debugFile?: string }>>;
  readonly devices: readonly CrowdDevice[];
  /** Recorded traffic around some radios, played over and over. */
  readonly recorded?: { readonly packets: readonly RecordedPacket[]; readonly radios: readonly number[] };
  /** Unix seconds at which the scenario begins; only traces show it. */
  readonly startS: number;
  /** Whether lines that programs log come back in CrowdEvents. */
  readonly logs?: boolean;
}

/** How a device's run can be compared with another run's: the same seed gives the same digests, whatever the threads. */
export interface DeviceDigest {
  /** SHA-256 over all H4 packets between program and controller, with their moments. */
  readonly hci: string;
  /** SHA-256 over settings flash and log flash. */
  readonly flash: string;
}

/** A device's flash and how the chip was treated. */
export interface DeviceState {
  readonly flash: DeviceFlash;
  readonly digest: DeviceDigest;
  readonly flashOperations: number;
  readonly flashRuleViolations: number;
}

/** From the crowd to a thread. */
export type Request =
  | { readonly kind: "run"; readonly id: number; readonly spanUs: Micros }
  /** Answers with the moment that the thread has come to. */
  | { readonly kind: "now"; readonly id: number }
  /** Runs alone up to a moment that others have come to while USB ports were open. */
  | { readonly kind: "alignTo"; readonly id: number; readonly atUs: Micros }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "state"; readonly id: number; readonly radio: number }
  | { readonly kind: "press"; readonly id: number; readonly radio: number; readonly durationMs: number }
  | { readonly kind: "powerCycle"; readonly id: number; readonly radio: number }
  | { readonly kind: "openPort"; readonly id: number; readonly radio: number; readonly lossRate: number }
  | { readonly kind: "closePort"; readonly id: number; readonly radio: number }
  | { readonly kind: "unplug"; readonly id: number; readonly radio: number };

/** From a thread to the crowd. */
export type Message =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly message: string }
  | { readonly kind: "progress"; readonly nowUs: Micros }
  | { readonly kind: "log"; readonly radio: number; readonly atUs: Micros; readonly line: string }
  | { readonly kind: "panic"; readonly radio: number; readonly atUs: Micros; readonly report: string };
