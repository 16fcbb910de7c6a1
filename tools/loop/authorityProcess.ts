// The process behind authority.ts.

import { DEFAULT_CONFIG } from "../exposure/config";
import { startExposureService } from "../exposure/service";
import { type AuthorityReady, type AuthorityStart, REGION } from "./authority";

const { data, port, nowS } = JSON.parse(process.argv[2] ?? "") as AuthorityStart;
const startedMs = Date.now();
const now = (): number => nowS + Math.floor((Date.now() - startedMs) / 1000);
const tell = (ready: AuthorityReady): void => void process.send?.(ready);

try {
  const service = await startExposureService(
    { ...DEFAULT_CONFIG, data, region: REGION, port },
    { now, isScheduled: false },
  );
  process.once("SIGTERM", () => void service.close().then(() => process.exit(0)));
  // The run that started us is gone: so are we.
  process.once("disconnect", () => process.exit(0));
  tell({ url: service.url });
} catch (error) {
  tell({ error: (error as Error).message });
  process.exit(1);
}
