/**
 * The small persistent state of a keyfob (about 16 KB in all): clock checkpoint, configuration, region keys, fault counters.
 * Values are at most MAX_SETTING_BYTES long; what grows goes to the logs.
 */
export interface SettingsStore {
  /** The value of `key`, or undefined if it has none. */
  get(key: string): Promise<Buffer | undefined>;
  set(key: string, value: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Longest value: above 229 bytes the settings service of DeviceScript crashes the device when the value is read. */
export const MAX_SETTING_BYTES = 200;
