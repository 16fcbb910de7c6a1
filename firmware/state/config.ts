import { readU32, writeU32 } from "../../protocol/base/bytes";
import { TEST_COMPANY } from "../../protocol/beacon/frame";
import type { ScoreConfig } from "../../protocol/match/score";
import type { SettingsStore } from "../board/settingsStore";
import type { RadioSettings } from "../hci/host";
import type { HearingSettings } from "../listen/frameFilter";

/** The configuration keys of services/keyfob.md; the numbers are stored and spoken, so they never change their meaning. */
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

/** Values that a build of the program may choose; everything else has the default of services/keyfob.md. */
export interface Tunables {
  readonly chirpIntervalMs: number;
  readonly scanIntervalMs: number;
  readonly scanWindowMs: number;
  readonly rssiFloorDbm: number;
  readonly companyId: number;
  readonly txPowerDbm: number;
  readonly retentionDays: number;
}

/** What a build has if it chooses nothing. Scanning as tools/power recommends: one window a little longer than a chirp interval. */
export const DEFAULT_TUNABLES: Tunables = {
  chirpIntervalMs: 1000,
  scanIntervalMs: 10000,
  scanWindowMs: 1100,
  rssiFloorDbm: -127,
  companyId: TEST_COMPANY,
  txPowerDbm: 0,
  retentionDays: 90,
};

/** A configuration value and the range that it must stay in. */
export interface ConfigValue {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const KEYS = 20;
const SETTING = "config";
const HUNDREDTHS = 100;

/** The configuration of one device: values by key, kept in one setting of 4 bytes a key. */
export class Config {
  private readonly store: SettingsStore;
  private readonly tunables: Tunables;
  private readonly forRepeater: boolean;
  private values: number[];

  /** @param forRepeater which role's keys are offered */
  constructor(store: SettingsStore, tunables: Tunables, forRepeater: boolean) {
    this.store = store;
    this.tunables = tunables;
    this.forRepeater = forRepeater;
    this.values = defaultsOf(tunables);
  }

  /** Takes over what was stored; a stored value outside its range counts as never set. */
  async load(): Promise<void> {
    const bytes = await this.store.get(SETTING);
    if (!bytes) return;
    for (let key = 1; key <= KEYS && key * 4 <= bytes.length; key++) {
      const value = readU32(bytes, (key - 1) * 4) | 0;
      if (this.accepts(key, value)) this.values[key] = value;
    }
  }

  /** The value of a key with its range, or undefined if this role has no such key. */
  get(key: number): ConfigValue | undefined {
    if (!this.offers(key)) return undefined;
    return { value: this.values[key], min: minimumOf(key), max: maximumOf(key) };
  }

  /** Sets and stores a value. @returns false, with nothing changed, if it is out of range or the role has no such key */
  async set(key: number, value: number): Promise<boolean> {
    if (!this.get(key) || !this.accepts(key, value)) return false;
    if (this.values[key] === value) return true;
    this.values[key] = value;
    const bytes = Buffer.alloc(KEYS * 4);
    for (let k = 1; k <= KEYS; k++)
      writeU32(bytes, (k - 1) * 4, this.values[k] < 0 ? this.values[k] + 0x100000000 : this.values[k]);
    await this.store.set(SETTING, bytes);
    return true;
  }

  /** Back to the defaults, in memory and in flash. */
  async erase(): Promise<void> {
    this.values = defaultsOf(this.tunables);
    await this.store.remove(SETTING);
  }

  radio(): RadioSettings {
    const scanIntervalMs = this.values[ConfigKey.ScanIntervalMs];
    return {
      chirpIntervalMs: this.values[ConfigKey.ChirpIntervalMs],
      scanIntervalMs,
      scanWindowMs: Math.min(this.values[ConfigKey.ScanWindowMs], scanIntervalMs),
    };
  }

  hearing(): HearingSettings {
    return {
      companyId: this.values[ConfigKey.CompanyId],
      rssiFloorDbm: this.values[ConfigKey.RssiFloorDbm],
      hearFindMy: this.values[ConfigKey.HearFindMy] === 1,
    };
  }

  score(): ScoreConfig {
    const v = this.values;
    return {
      limitsDb: [v[ConfigKey.AttenuationNearDb], v[ConfigKey.AttenuationMediumDb], v[ConfigKey.AttenuationFarDb]],
      weights: [
        v[ConfigKey.WeightNear] / HUNDREDTHS,
        v[ConfigKey.WeightMedium] / HUNDREDTHS,
        v[ConfigKey.WeightFar] / HUNDREDTHS,
        v[ConfigKey.WeightBeyond] / HUNDREDTHS,
      ],
      sharedWeight: v[ConfigKey.WeightShared] / HUNDREDTHS,
      alertAt: v[ConfigKey.AlertMinutes],
      noticeAt: v[ConfigKey.NoticeMinutes],
    };
  }

  value(key: ConfigKey): number {
    return this.values[key];
  }

  private offers(key: number): boolean {
    const isShared = key < ConfigKey.HearFindMy || key === ConfigKey.CompanyId;
    return key >= 1 && key <= KEYS && (isShared || this.forRepeater === (key === ConfigKey.Quiet));
  }

  private accepts(key: number, value: number): boolean {
    return this.offers(key) && value >= minimumOf(key) && value <= maximumOf(key);
  }
}

// Tables of services/keyfob.md by key, as text: that lies in flash, where numbers would take code and heap.
const MINIMA = "[0, 100, 10, 10, -127, 0, 0, -127, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]";
const MAXIMA =
  "[0, 10240, 10240, 10240, 20, 1, 65535, 20, 90, 1440, 127, 127, 127, 1000, 1000, 1000, 1000, 1000, 1440, 1440, 1]";
/** DEFAULT_SCORE among them; zeros where the build chooses. */
const DEFAULTS = "[0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 55, 67, 75, 175, 100, 33, 0, 25, 15, 5, 0]";

function minimumOf(key: number): number {
  return numbersOf(MINIMA)[key];
}

function maximumOf(key: number): number {
  return numbersOf(MAXIMA)[key];
}

function defaultsOf(tunables: Tunables): number[] {
  const values = numbersOf(DEFAULTS);
  values[ConfigKey.ChirpIntervalMs] = tunables.chirpIntervalMs;
  values[ConfigKey.ScanIntervalMs] = tunables.scanIntervalMs;
  values[ConfigKey.ScanWindowMs] = tunables.scanWindowMs;
  values[ConfigKey.RssiFloorDbm] = tunables.rssiFloorDbm;
  values[ConfigKey.CompanyId] = tunables.companyId;
  values[ConfigKey.TxPowerDbm] = tunables.txPowerDbm;
  values[ConfigKey.RetentionDays] = tunables.retentionDays;
  return values;
}

function numbersOf(table: string): number[] {
  return JSON.parse(table) as number[];
}
