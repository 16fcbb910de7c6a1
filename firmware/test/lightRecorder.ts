// What a light showed, as blinks.

import type { Colour } from "../../tools/sim/device/light";

/** The light was on for a while, in one colour. */
export interface Blink {
  readonly atMs: number;
  readonly onMs: number;
  readonly colour: Colour;
}

/** Watches a simulated light. */
export class LightRecorder {
  readonly blinks: Blink[] = [];
  private since: { atMs: number; colour: Colour } | undefined;

  /** @param nowMs simulated time */
  constructor(private readonly nowMs: () => number) {}

  show(colour: Colour): void {
    const atMs = this.nowMs();
    if (this.since) this.blinks.push({ ...this.since, onMs: atMs - this.since.atMs });
    this.since = isDark(colour) ? undefined : { atMs, colour };
  }

  /** Blinks that began from `fromMs` on, in groups: a new group begins after a dark second, or after each blink of an even rhythm. */
  groups(fromMs: number, darkMs: number): Blink[][] {
    const groups: Blink[][] = [];
    let endMs = Number.NEGATIVE_INFINITY;
    for (const blink of this.blinks) {
      if (blink.atMs < fromMs) continue;
      if (blink.atMs - endMs >= darkMs) groups.push([]);
      groups.at(-1)?.push(blink);
      endMs = blink.atMs + blink.onMs;
    }
    return groups;
  }
}

function isDark({ red, green, blue }: Colour): boolean {
  return red === 0 && green === 0 && blue === 0;
}
