import type { Tunables } from "../firmware/state/config";
import { TEST_COMPANY } from "../protocol/beacon/frame";

/**
 * What a repeater has if its build chooses nothing. The receiver is always on (it is mains-powered) and changes its channel
 * every 10 ms, so that it meets all three between two bursts. What the floor means in metres: docs/repeater.md, "Placement".
 */
export const REPEATER_TUNABLES: Tunables = {
  chirpIntervalMs: 250,
  scanIntervalMs: 10,
  scanWindowMs: 10,
  rssiFloorDbm: -55,
  companyId: TEST_COMPANY,
  txPowerDbm: 0,
  retentionDays: 1,
};
