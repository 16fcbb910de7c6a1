// What a county asks, answered in a sentence each from the runs.

import type { KeyfobAnswer, KeyfobQuestion, SettingResult } from "../keyfobStudy";
import { daysText, every, rangeText, share, two, whole } from "./words";

export interface Answered {
  readonly question: string;
  readonly answer: string;
}

/** The setting that stands for the others: the adoption of the delays' comparison, the most frequent sync, the first delay. */
export function typicalSetting({ settings, delays }: KeyfobAnswer): SettingResult {
  const typical = delays[0] ?? settings.at(-1);
  return settings.find((s) => s.adoption === typical?.adoption) ?? (settings[0] as SettingResult);
}

/** The same setting but for some values. */
export function like(
  { settings }: KeyfobAnswer,
  typical: SettingResult,
  other: Partial<Pick<SettingResult, "adoption" | "syncDays" | "repeaters" | "delayDays">>,
): SettingResult | undefined {
  const wanted = { ...typical, ...other };
  return settings.find(
    (s) =>
      s.adoption === wanted.adoption &&
      s.syncDays === wanted.syncDays &&
      s.repeaters === wanted.repeaters &&
      s.delayDays === wanted.delayDays,
  );
}

export function answered(question: KeyfobQuestion, answer: KeyfobAnswer): Answered[] {
  const typical = typicalSetting(answer);
  return [
    { question: "How many infections fewer?", answer: fewer(answer, typical) },
    { question: "Which adoption brings R below 1?", answer: critical(question, answer, typical) },
    { question: "How often must a keyfob be plugged in?", answer: syncing(question, answer, typical) },
    { question: "Are repeaters worth it?", answer: repeaters(question, answer, typical) },
    { question: "How early must people be diagnosed?", answer: diagnosis(answer) },
    { question: "What does it ask of people?", answer: burden(typical) },
  ].filter(({ answer: text }) => text !== "");
}

function fewer(answer: KeyfobAnswer, typical: SettingResult): string {
  const best = answer.settings.reduce((most, s) => (s.avertedShare.mean > most.avertedShare.mean ? s : most));
  return [
    `With ${share(typical.adoption)} of people wearing one, synced ${every(typical.syncDays)}: ${rangeText(typical.averted, whole)} fewer over the whole epidemic, ${rangeText(typical.avertedShare, share)} of those without keyfobs.`,
    `Most of all settings: ${rangeText(best.avertedShare, share)}, with ${share(best.adoption)} adoption, synced ${every(best.syncDays)}, repeaters at ${share(best.repeaters)} of shared places.`,
  ].join(" ");
}

function critical(question: KeyfobQuestion, answer: KeyfobAnswer, typical: SettingResult): string {
  const isUnreached = question.syncDays.every((syncDays) =>
    question.adoption.every((adoption) => like(answer, typical, { adoption, syncDays })?.verdict !== "below 1"),
  );
  const parts = question.syncDays.map((syncDays) => {
    const line = question.adoption.flatMap((adoption) => like(answer, typical, { adoption, syncDays }) ?? []);
    const below = line.find((s) => s.verdict === "below 1");
    return below === undefined
      ? `synced ${every(syncDays)}: none of those that were tried${line.some((s) => s.verdict === "undecided") ? " for certain" : ""}`
      : `synced ${every(syncDays)}: ${share(below.adoption)} (R ${rangeText(below.effectiveR, two)})`;
  });
  const none = answer.without.find((s) => s.delayDays === typical.delayDays);
  const start =
    none === undefined
      ? ""
      : ` Without keyfobs, diagnosis and isolation alone leave R at ${rangeText(none.effectiveR, two)}.`;
  return `${isUnreached ? "None of those that were tried" : capital(parts.join("; "))}.${start}`;
}

function syncing(question: KeyfobQuestion, answer: KeyfobAnswer, typical: SettingResult): string {
  if (question.syncDays.length < 2) return "";
  const line = question.syncDays.flatMap((syncDays) => like(answer, typical, { syncDays }) ?? []);
  const parts = line.map(
    (s) => `${every(s.syncDays)}, R ${two(s.effectiveR.mean)} and ${share(s.avertedShare.mean)} fewer`,
  );
  return `At ${share(typical.adoption)} adoption: ${parts.join("; ")}. A keyfob learns of a published contact only when it is synced.`;
}

function repeaters(question: KeyfobQuestion, answer: KeyfobAnswer, typical: SettingResult): string {
  const [least, most] = [question.repeaters[0], question.repeaters.at(-1)];
  if (least === undefined || most === undefined || least === most) return "";
  const [without, withThem] = [least, most].map((r) => like(answer, typical, { repeaters: r }));
  if (!without || !withThem) return "";
  return `Repeaters at ${share(most)} instead of ${share(least)} of shared places change the ${share(without.avertedShare.mean)} fewer infections to ${share(withThem.avertedShare.mean)}, if ${share(question.sharedSpace)} of infections happen at such places, which nobody knows, and if wearers act on minutes through a repeater: the keyfob's score alone does not ask them to.`;
}

function diagnosis({ delays, without }: KeyfobAnswer): string {
  if (delays.length < 2) return "";
  const parts = delays.map((s) => {
    const none = without.find((w) => w.delayDays === s.delayDays);
    return `after ${daysText(s.delayDays)}, R ${two(none?.effectiveR.mean ?? 0)} without and ${two(s.effectiveR.mean)} with keyfobs`;
  });
  return `${capital(parts.join("; "))}. The days count from becoming infectious.`;
}

function burden(typical: SettingResult): string {
  if (typical.averted.mean <= 0) return "";
  return `At ${share(typical.adoption)} adoption keyfobs alert ${rangeText(typical.told, whole)} times over the epidemic. People stay at home for ${whole(typical.quarantineDays.mean)} days in all: ${whole(typical.quarantineDays.mean / typical.averted.mean)} days for each infection averted. Most of those told were not infected.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
