import { ROW_BYTES } from "../../protocol/log/contactRow";
import { SECTOR_BYTES } from "../board/flashStore";
import { ContactLog } from "../log/contactLog";
import { type Cut, type ModelFlash, PowerLoss } from "./modelFlash";

/** Any hour of late 2026. */
export const HOUR = 493_000;

export async function noPause(): Promise<void> {}

/** Rows that differ from all others: each starts with its number. */
export class RowMaker {
  /** @param made the number of the row before the first */
  constructor(private made = 0) {}

  /** `count` rows, one after the other. */
  rows(count: number): Buffer {
    const rows = Buffer.alloc(count * ROW_BYTES);
    for (let at = 0; at < rows.length; at += ROW_BYTES) {
      this.made++;
      rows.writeUInt32BE(this.made, at);
      for (let i = 4; i < ROW_BYTES; i++) rows[at + i] = (this.made * (i * 37 + 11)) >> 3;
    }
    return rows;
  }
}

/** The rows in a buffer, as hexadecimal text. */
export function split(rows: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < rows.length; at += ROW_BYTES) texts.push(rows.toString("hex", at, at + ROW_BYTES));
  return texts;
}

/** What the log says about an hour. */
export async function readHour(log: ContactLog, hour: number): Promise<string[]> {
  const rows: string[] = [];
  await log.readHour(hour, async (part) => {
    rows.push(...split(part));
  });
  return rows;
}

/** A mounted contact log over the whole of a flash. */
export async function mountContacts(flash: ModelFlash): Promise<ContactLog> {
  const log = new ContactLog(flash, 0, flash.size / SECTOR_BYTES, noPause);
  await log.mount();
  return log;
}

/** Runs `scenario`, whole or until its power is cut. Returns whether it was whole; other errors pass. */
export async function untilCut(scenario: () => Promise<void>): Promise<boolean> {
  try {
    await scenario();
    return true;
  } catch (error) {
    if (error instanceof PowerLoss) return false;
    throw error;
  }
}

/** A generator of numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function noiseOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The ways in which the tests cut an operation: at its start, inside, at its end, and with cells left at random. */
export function cutsOf(operation: number, fractions: readonly number[]): Cut[] {
  const clean = fractions.map((fraction) => ({ operation, fraction }));
  return [
    ...clean,
    { operation, fraction: 0, noise: noiseOf(operation) },
    { operation, fraction: 0.4, noise: noiseOf(~operation) },
  ];
}
