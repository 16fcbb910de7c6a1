// The process behind authority.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_CONFIG } from "../exposure/config";
import { startExposureService } from "../exposure/service";
import { type AuthorityReady, type AuthorityTime, authorityStart, dataOf, REGION } from "./authorityMessages";

const start = authorityStart.parse(JSON.parse(process.argv[2] ?? ""));
const { port, nowS } = start;
const folder = start.folder ?? mkdtempSync(join(tmpdir(), "chirpfob-run-"));
let epochMs = Date.now() - nowS * 1000;
const now = (): number => Math.floor((Date.now() - epochMs) / 1000);
const tell = (answer: AuthorityReady | AuthorityTime): void => void process.send?.(answer);
process.on("message", (time: AuthorityTime) => {
  epochMs = Date.now() - time.nowS * 1000;
  tell(time);
});

/** Ends us, and with us the run's folder: some 40 MB. */
function leave(exitCode: number): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(exitCode);
}
// The run that started us is gone: Ctrl-C, or somebody killed it.
process.once("disconnect", () => leave(0));
if (!process.connected) leave(0);

try {
  const service = await startExposureService(
    { ...DEFAULT_CONFIG, data: dataOf(folder), region: REGION, port },
    { now, isScheduled: false },
  );
  process.once("SIGTERM", () => void service.close().then(() => process.exit(0)));
  tell({ url: service.url, folder });
} catch (error) {
  tell({ error: (error as Error).message });
  leave(1);
}
