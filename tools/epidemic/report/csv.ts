import type { KeyfobAnswer, SettingResult } from "../keyfobStudy";

const RANGES = ["effectiveR", "infections", "averted", "avertedShare", "peak", "told", "quarantineDays"] as const;

/** All settings as comma separated values (RFC 4180), one line each; of each range its mean, 5 % and 95 %. */
export function keyfobCsv({ settings, without, delays }: KeyfobAnswer): string {
  const head = [
    "part",
    "adoption",
    "syncDays",
    "repeaters",
    "delayDays",
    ...RANGES.flatMap((name) => [name, `${name}5`, `${name}95`]),
    "verdict",
  ];
  const line = (part: string, s: SettingResult): string =>
    [
      part,
      s.adoption,
      s.syncDays,
      s.repeaters,
      s.delayDays,
      ...RANGES.flatMap((name) => [s[name].mean, s[name].low, s[name].high].map((v) => Number(v.toPrecision(6)))),
      s.verdict,
    ].join(",");
  return [
    head.join(","),
    ...without.map((s) => line("without", s)),
    ...settings.map((s) => line("setting", s)),
    ...delays.map((s) => line("delay", s)),
    "",
  ].join("\r\n");
}
