import { describe, expect, it } from "vitest";
import { formatBytes, formatSpan, Progress } from "../progress";
import { canRedraw, isColoured } from "../terminal";

function recorder(enabled: boolean) {
  let text = "";
  let now = 0;
  const stream = {
    write: (piece: string | Uint8Array) => {
      text += String(piece);
      return true;
    },
  };
  const progress = new Progress("Importing", { stream, enabled, now: () => now, format: formatBytes });
  return {
    progress,
    at: (ms: number, done: number, total: number) => {
      now = ms;
      progress.update(done, total);
    },
    lines: () => text.split("\r\x1b[K").filter((line) => line !== ""),
    text: () => text,
  };
}

describe("a progress bar", () => {
  it("shows share, amount, and the time left once it can be told", () => {
    const { at, lines } = recorder(true);
    at(0, 0, 1_000_000);
    at(10_000, 250_000, 1_000_000);
    expect(lines()).toEqual([
      "Importing [------------------------]   0 %  0 B of 1.0 MB",
      "Importing [######------------------]  25 %  250.0 kB of 1.0 MB  30 s left",
    ]);
  });

  it("counts only what was done since it began, when work is taken up again", () => {
    const { at, lines } = recorder(true);
    at(0, 900, 1000);
    at(10_000, 950, 1000);
    expect(lines()[1]).toMatch(/95 %.*10 s left/);
  });

  it("is silent in a pipe", () => {
    const { at, text, progress } = recorder(false);
    at(0, 0, 100);
    at(9000, 100, 100);
    progress.finish();
    expect(text()).toBe("");
  });

  it("draws at most ten times a second, always shows the end, and clears its line", () => {
    const { at, lines, text, progress } = recorder(true);
    for (let ms = 0; ms <= 1000; ms++) at(ms, ms, 1000);
    expect(lines().length).toBeLessThanOrEqual(12);
    expect(lines().at(-1)).toContain("100 %");
    progress.finish();
    expect(text().endsWith("\r\x1b[K")).toBe(true);
  });

  it("does not divide by nothing", () => {
    const { at, lines } = recorder(true);
    at(0, 0, 0);
    expect(lines()[0]).toContain("100 %");
  });
});

describe("a terminal that cannot go back in its line", () => {
  it("is not drawn on", () => {
    const { isTTY } = process.stderr;
    process.stderr.isTTY = true;
    expect([canRedraw({ TERM: "xterm" }), canRedraw({}), canRedraw({ TERM: "dumb" })]).toEqual([true, true, false]);
    process.stderr.isTTY = isTTY;
  });
});

describe("figures for people", () => {
  it("name times and sizes in fitting units", () => {
    expect([400, 59_000, 60_000, 200_000, 3_600_000, 7_500_000].map(formatSpan)).toEqual([
      "1 s",
      "59 s",
      "1 min",
      "3 min 20 s",
      "1 h",
      "2 h 5 min",
    ]);
    expect([999, 23_400, 7_856_000].map(formatBytes)).toEqual(["999 B", "23.4 kB", "7.9 MB"]);
  });
});

describe("colour", () => {
  it("is used on a terminal only, and not where NO_COLOR is set", () => {
    const terminal = { isTTY: true } as NodeJS.WriteStream;
    const pipe = { isTTY: false } as NodeJS.WriteStream;
    expect(isColoured(terminal, { TERM: "xterm" })).toBe(true);
    expect(isColoured(terminal, { TERM: "xterm", NO_COLOR: "1" })).toBe(false);
    expect(isColoured(terminal, { TERM: "dumb" })).toBe(false);
    expect(isColoured(pipe, { TERM: "xterm" })).toBe(false);
  });
});
