// The process behind authority.ts.

import { DEFAULT_CONFIG } from "../exposure/config";
import { startExposureService } from "../exposure/service";
import { type AuthorityReady, type AuthorityStart, type AuthorityTime, REGION } from "./authority";

const { data, port, nowS } = JSON.parse(process.argv[2] ?? "") as AuthorityStart;
let epochMs = Date.now() - nowS * 1000;
const now = (): number => Math.floor((Date.now() - epochMs) / 1000);
const tell = (answer: AuthorityReady | AuthorityTime): void => void process.send?.(answer);
process.on("message", (time: AuthorityTime) => {
  epochMs = Date.now() - time.nowS * 1000;
  tell(time);
});

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
