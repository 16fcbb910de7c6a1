// Numbers and times as people read them. Times are UTC, as in the contact list.

/** "1 minute", "12 minutes". */
export function minutesText(minutes: number): string {
  return counted(minutes, "minute", "minutes");
}

/** "1 hour", "3 hours". */
export function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** 12,345 */
export function grouped(count: number): string {
  return count.toLocaleString("en-GB");
}

/** A share as a percentage; 100 % only if it is all of it. */
export function percent(share: number): string {
  const rounded = Math.round(share * 1000) / 10;
  return `${share < 1 && rounded >= 100 ? "99.9" : rounded} %`;
}

/** "07:05" */
export function clock(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(11, 16);
}

/** "Monday, 16 November 2026" */
export function day(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
}

/** "ada, ben and cleo" */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** "1,032 bytes", "21 kB" */
export function size(bytes: number): string {
  return bytes < 10_000 ? `${grouped(bytes)} bytes` : `${grouped(Math.round(bytes / 1000))} kB`;
}

/** A stranger's text for a screen: on one line, without anything that moves a cursor or turns the writing around. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/gu, "?");
}
