import type { ScoreConfig } from "./score";

/** What docs/protocol.md proposes. A file of its own: a device has these values from its build, and DeviceScript leaves no table out. */
export const DEFAULT_SCORE: ScoreConfig = {
  limitsDb: [55, 67, 75],
  weights: [1.75, 1, 0.33, 0],
  sharedWeight: 0.25,
  alertAt: 15,
  noticeAt: 5,
};
