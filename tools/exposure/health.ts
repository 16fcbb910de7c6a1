// Whether the service does what it is for: take uploads, and serve what it has published.

import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import type { Core } from "./core";
import type { HealthReport } from "./http/routes";
import { MAX_UPLOAD_BYTES } from "./intake/uploads";

/** With less, the next uploads or a publication may not fit. */
const MIN_FREE_BYTES = 64_000_000;

/** Undoes what was written to see whether it can be. */
class Undo extends Error {}

export class Health {
  private didFailToStore = false;

  constructor(
    private readonly core: Pick<Core, "database" | "directory" | "files" | "time" | "metrics">,
    private readonly freeBytes: (folder: string) => Promise<number> = freeBytesOf,
  ) {}

  /** Notes whether an upload could be stored. */
  noteStored(isStored: boolean): void {
    this.didFailToStore = !isStored;
  }

  async check(): Promise<HealthReport> {
    const { database, directory, files, time, metrics } = this.core;
    const problems: string[] = [];
    const answers = await database.query("select 1 as one").then(
      () => true,
      () => false,
    );
    if (!answers) problems.push("the database does not answer");
    else if (this.didFailToStore && !(await this.canStore())) problems.push("uploads cannot be stored");
    if ((await this.freeBytes(directory.root)) < MIN_FREE_BYTES) problems.push("the disk is nearly full");
    const lost = files.lost();
    if (lost.length > 0) problems.push(`${lost.length} published files are damaged beyond repair`);
    const clock = time.problem();
    if (clock !== undefined && !time.canJudgeHours()) problems.push(clock);
    if (problems.length > 0) return { isHealthy: false, lines: problems };
    const repaired = metrics.get("chirpfob_files_repaired_total");
    return {
      isHealthy: true,
      lines: [
        "ok",
        ...(clock === undefined ? [] : [clock]),
        ...(repaired === 0 ? [] : [`${repaired} published files were damaged and have been written anew`]),
      ],
    };
  }

  /** Tries with as much as an upload has. */
  private async canStore(): Promise<boolean> {
    try {
      await this.core.database.transaction(async (session) => {
        await session.query("insert into intake (id, day, file) values ($1, 0, $2)", [
          randomBytes(16).toString("hex"),
          randomBytes(MAX_UPLOAD_BYTES),
        ]);
        throw new Undo();
      });
      return true;
    } catch (error) {
      if (!(error instanceof Undo)) return false;
      this.didFailToStore = false;
      return true;
    }
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
