import { canRedraw } from "./terminal";

const BAR_WIDTH = 24;
const REDRAW_MS = 100;
/** Before this much time has passed an estimate says nothing. */
const ETA_AFTER_MS = 1500;

export interface ProgressOptions {
  /** Where to draw; nothing is drawn unless it is a terminal. */
  readonly stream?: Pick<NodeJS.WriteStream, "write">;
  readonly enabled?: boolean;
  readonly now?: () => number;
  /** Writes an amount, for example as bytes; without it only the percentage is shown. */
  readonly format?: (amount: number) => string;
}

/** A line with a bar, percentage and time left, on a terminal; silent in a pipe. */
export class Progress {
  private readonly stream: Pick<NodeJS.WriteStream, "write">;
  private readonly enabled: boolean;
  private readonly now: () => number;
  private readonly startedAt: number;
  private startedWith: number | undefined;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private isDrawn = false;

  constructor(
    private readonly label: string,
    private readonly options: ProgressOptions = {},
  ) {
    this.stream = options.stream ?? process.stderr;
    this.enabled = options.enabled ?? canRedraw();
    this.now = options.now ?? Date.now;
    this.startedAt = this.now();
  }

  /** Shows that `done` of `total` is done. What was done before the first call does not count for the time left. */
  update(done: number, total: number): void {
    this.startedWith ??= done;
    const now = this.now();
    if (!this.enabled || (now - this.drawnAt < REDRAW_MS && done < total)) return;
    this.drawnAt = now;
    this.isDrawn = true;
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled);
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
    const amount = this.options.format ? `  ${this.options.format(done)} of ${this.options.format(total)}` : "";
    this.stream.write(`\r\x1b[K${this.label} [${bar}] ${percent}${amount}${this.timeLeft(now, done, total)}`);
  }

  /** Clears the line, for the message that follows. */
  finish(): void {
    if (this.isDrawn) this.stream.write("\r\x1b[K");
    this.isDrawn = false;
  }

  private timeLeft(now: number, done: number, total: number): string {
    const elapsed = now - this.startedAt;
    const moved = done - (this.startedWith ?? 0);
    if (elapsed < ETA_AFTER_MS || moved <= 0 || done >= total) return "";
    return `  ${formatSpan(((total - done) * elapsed) / moved)} left`;
  }
}

/** Milliseconds in words: "45 s", "3 min 20 s", "2 h 5 min". */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Bytes in words: "512 B", "23.4 kB", "7.9 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
