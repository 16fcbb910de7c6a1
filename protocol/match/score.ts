// From dB and minutes to advice (docs/protocol.md, "Attenuation and score").

/** Attenuation classes of a direct minute, closest first: up to 55, 67 and 75 dB with the defaults, and beyond. */
export const ATTENUATION_CLASSES = 4;

/** How minutes count; all of it configurable by a deployment. */
export interface ScoreConfig {
  /** Upper limits in dB, inclusive, of the first three attenuation classes, ascending. */
  readonly limitsDb: number[];
  /** Weight of a direct minute in each of the four classes. */
  readonly weights: number[];
  /** Weight of a shared-space minute, whatever its strength: that was the repeater's. */
  readonly sharedWeight: number;
  /** Weighted minutes of a day that make it an alert, and a notice. */
  readonly alertAt: number;
  readonly noticeAt: number;
}

export type DayAdvice = "none" | "notice" | "alert";

/**
 * Whether a match was a direct encounter rather than a place touched or visited up to ten minutes later. A wearer's own frames
 * have age 0 and so always delay 0; every other delay, 1 included, is the age of a repeater's frame.
 */
export function isDirect(delay: number): boolean {
  return delay === 0;
}

/** Attenuation in dB: what was lost between the sender's antenna and ours. */
export function attenuationDb(txPower: number, maxRssi: number): number {
  return txPower - maxRssi;
}

/** Class, 0 (closest) to 3, of an attenuation in dB. */
export function attenuationClass(config: ScoreConfig, attenuation: number): number {
  for (let i = 0; i < config.limitsDb.length; i++) if (attenuation <= config.limitsDb[i]) return i;
  return config.limitsDb.length;
}

/** Weighted minutes of a day: `direct` has the distinct minutes of each class. */
export function weightedMinutes(config: ScoreConfig, direct: readonly number[], shared: number): number {
  let sum = shared * config.sharedWeight;
  for (let i = 0; i < ATTENUATION_CLASSES; i++) sum += direct[i] * config.weights[i];
  return sum;
}

/** What a day's weighted minutes mean. */
export function adviceFor(config: ScoreConfig, weighted: number): DayAdvice {
  if (weighted >= config.alertAt) return "alert";
  return weighted >= config.noticeAt ? "notice" : "none";
}
