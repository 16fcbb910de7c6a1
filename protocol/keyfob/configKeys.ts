// Written by `npm run wire` out of services/keyfob.md. Change that page instead.

/** The numbers are stored and spoken, so they never change their meaning. */
export enum ConfigKey {
  ChirpIntervalMs = 1,
  ScanIntervalMs = 2,
  ScanWindowMs = 3,
  RssiFloorDbm = 4,
  HearFindMy = 5,
  CompanyId = 6,
  TxPowerDbm = 7,
  RetentionDays = 8,
  SnoozeMinutes = 9,
  AttenuationNearDb = 10,
  AttenuationMediumDb = 11,
  AttenuationFarDb = 12,
  WeightNear = 13,
  WeightMedium = 14,
  WeightFar = 15,
  WeightBeyond = 16,
  WeightShared = 17,
  AlertMinutes = 18,
  NoticeMinutes = 19,
  Quiet = 20,
}

/** How many there are. */
export const CONFIG_KEYS = 20;

// Tables by key, as text: that lies in flash, where numbers would take code and heap.
export const CONFIG_LEAST = "[0, 100, 10, 10, -127, 0, 0, -127, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]";
export const CONFIG_MOST =
  "[0, 10240, 10240, 10240, 20, 1, 65535, 20, 90, 1440, 127, 127, 127, 1000, 1000, 1000, 1000, 1000, 1440, 1440, 1]";
/** Who has a key: 1 a wearable, 2 a repeater, 3 both. */
export const CONFIG_ROLES = "[0, 3, 3, 3, 3, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]";
export const WEARABLE_DEFAULTS =
  "[0, 1000, 10000, 1100, -127, 0, 65535, 0, 90, 60, 55, 67, 75, 175, 100, 33, 0, 25, 15, 5, 0]";
export const REPEATER_DEFAULTS =
  "[0, 250, 10, 10, -55, 0, 65535, 0, 90, 60, 55, 67, 75, 175, 100, 33, 0, 25, 15, 5, 0]";
