// What `chirpfob sim run --json` prints: docs/result-format.md describes it, and its test holds the two together.

/** Version of the document; it changes when a field changes its meaning or goes away, not when one is added. */
export const RESULT_VERSION = 1;

/** What the keyfob advises for its worst day (protocol/match/score.ts). */
export type Advice = "none" | "notice" | "alert";

/** One hour of one person's answer beside the truth. Minutes are distinct chirps, so two infected people count twice. */
export interface HourAnswer {
  /** Unix hour in the time of the contact list. */
  readonly hour: number;
  /** What the keyfob said. */
  readonly direct: number;
  readonly shared: number;
  /** What the contact list says. */
  readonly truth: number;
  readonly truthShared: number;
}

/** Why an answer differs from the contact list; `false` and `notHeard` are what is left when nothing else explains it. */
export type DifferenceKind = "redacted" | "snoozed" | "noPower" | "brief" | "notHeard" | "clockEdge" | "false";

/** Minutes by which an answer differs from the contact list, and why. */
export interface Difference {
  readonly id: string;
  /** The infected person. */
  readonly from: string;
  readonly hour: number;
  readonly path: "direct" | "shared";
  /** Above 0: the keyfob said more than the list; below 0: less. */
  readonly minutes: number;
  readonly kind: DifferenceKind;
  readonly text: string;
}

/** What a keyfob or repeater counted over the day (services/keyfob.md, counters). */
export interface DeviceCounts {
  readonly chirpsHeard: number;
  readonly rowsWritten: number;
  readonly minutesChirped: number;
  readonly minutesMissed: number;
  readonly restarts: number;
}

export interface PersonAnswer {
  readonly id: string;
  readonly name: string;
  readonly directMinutes: number;
  readonly sharedMinutes: number;
  readonly truthMinutes: number;
  readonly truthSharedMinutes: number;
  /** Weighted minutes of the worst day, as the keyfob counts them. */
  readonly weightedMinutes: number;
  readonly advice: Advice;
  readonly hours: readonly HourAnswer[];
  readonly counts: DeviceCounts;
}

export interface Upload {
  readonly id: string;
  readonly name: string;
  /** Bytes that left the keyfob's computer. */
  readonly bytes: number;
  readonly firstHour: number;
  readonly hours: number;
  /** Hours that carry random seeds because the wearer left them out. Known here, and to nobody who has the file. */
  readonly withheldHours: readonly number[];
  readonly counts: DeviceCounts;
}

export interface Shard {
  readonly chunk: number;
  readonly bytes: number;
  readonly seeds: number;
  /** Seeds that are filling: nobody but this report can tell. */
  readonly fillingSeeds: number;
}

export interface RepeaterReport {
  readonly id: string;
  readonly name: string;
  readonly chirpsHeard: number;
  /** Minutes of infected people's chirps that reached somebody through it and in no other way. */
  readonly passedOnMinutes: number;
}

/** Two people, or a person and a repeater, near each other. Half-open, Unix seconds in the time of the list. */
export interface Encounter {
  readonly a: string;
  readonly b: string;
  readonly fromS: number;
  readonly toS: number;
  /** Where it was, in built-in scenarios. */
  readonly place?: string;
}

/** Something that a wearer did. */
export interface Deed {
  readonly id: string;
  readonly kind: "snooze" | "redact" | "powerLoss";
  readonly fromS: number;
  readonly toS: number;
}

/** Contacts with infected people, by length in minutes touched. */
export interface ContactClass {
  readonly minMinutes: number;
  /** Undefined: no upper end. */
  readonly maxMinutes?: number;
  readonly contacts: number;
  /** Contacts of which at least one minute was counted. */
  readonly found: number;
  readonly minutes: number;
  readonly minutesCounted: number;
}

/** The whole answer. */
export interface LoopResult {
  readonly version: number;
  readonly scene: {
    readonly name: string;
    readonly title: string;
    readonly fromS: number;
    readonly toS: number;
    readonly radio: "perfect" | "realistic";
    readonly seed: number;
    readonly people: readonly { readonly id: string; readonly name: string }[];
    readonly diagnosed: readonly string[];
  };
  readonly people: readonly PersonAnswer[];
  readonly uploads: readonly Upload[];
  readonly shards: readonly Shard[];
  readonly repeaters: readonly RepeaterReport[];
  /** Of the direct minutes that keyfobs counted, the share that the contact list knows; 1 where none was counted. */
  readonly precision: number;
  /** Of the direct minutes of the contact list, the share that keyfobs counted; 1 where there are none. */
  readonly recall: number;
  readonly sharedPrecision: number;
  readonly sharedRecall: number;
  readonly differences: readonly Difference[];
  /** Minutes of difference that nothing explains (kinds `notHeard` and `false`). */
  readonly unexplainedMinutes: number;
  readonly contacts: readonly ContactClass[];
  readonly encounters: readonly Encounter[];
  readonly deeds: readonly Deed[];
}
