import { readU32, writeU32 } from "../../protocol/base/bytes";
import { Beacon } from "../../protocol/beacon/sighting";
import type { Role } from "../../protocol/keyfob/codes";
import { CONFIG_KEYS, CONFIG_LEAST, CONFIG_MOST, CONFIG_ROLES, ConfigKey } from "../../protocol/keyfob/configKeys";
import type { ScoreConfig } from "../../protocol/match/score";
import type { SettingsStore } from "../board/settingsStore";
import type { RadioSettings } from "../hci/host";
import type { HearingSettings } from "../listen/frameFilter";

/** A configuration value and the range that it must stay in. */
export interface ConfigValue {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const SETTING = "config";
const HUNDREDTHS = 100;
const HOURS_PER_DAY = 24;
const FIND_MY = 1 << Beacon.FindMy;

/** The configuration of one device: values by key, kept in one setting of 4 bytes a key. */
export class Config {
  private readonly store: SettingsStore;
  private readonly defaults: string;
  private readonly role: Role;
  private readonly kinds: number;
  private values: number[];

  /**
   * @param defaults the build's values by key, as JSON text: it lies in flash, where numbers would take code and heap
   * @param role whose keys are offered
   * @param kinds of beacons that the build hears: bit `1 << kind` for each
   */
  constructor(store: SettingsStore, defaults: string, role: Role, kinds: number) {
    this.store = store;
    this.defaults = defaults;
    this.role = role;
    this.kinds = kinds;
    this.values = numbersOf(defaults);
  }

  /** Takes over what was stored; a stored value outside its range counts as never set. */
  async load(): Promise<void> {
    const bytes = await this.store.get(SETTING);
    if (!bytes) return;
    for (let key = 1; key <= CONFIG_KEYS && key * 4 <= bytes.length; key++) {
      const value = readU32(bytes, (key - 1) * 4) | 0;
      if (this.accepts(key, value)) this.values[key] = value;
    }
  }

  /** The value of a key with its range, or undefined if this role has no such key. */
  get(key: number): ConfigValue | undefined {
    if (!this.offers(key)) return undefined;
    return { value: this.values[key], min: numbersOf(CONFIG_LEAST)[key], max: numbersOf(CONFIG_MOST)[key] };
  }

  /** Sets and stores a value. @returns false, with nothing changed, if it is out of range or the role has no such key */
  async set(key: number, value: number): Promise<boolean> {
    if (!this.get(key) || !this.accepts(key, value)) return false;
    if (this.values[key] === value) return true;
    this.values[key] = value;
    const bytes = Buffer.alloc(CONFIG_KEYS * 4);
    for (let k = 1; k <= CONFIG_KEYS; k++)
      writeU32(bytes, (k - 1) * 4, this.values[k] < 0 ? this.values[k] + 0x100000000 : this.values[k]);
    await this.store.set(SETTING, bytes);
    return true;
  }

  /** Back to the defaults, in memory and in flash. */
  async erase(): Promise<void> {
    this.values = numbersOf(this.defaults);
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
      kinds: this.values[ConfigKey.HearFindMy] === 1 ? this.kinds : this.kinds & ~FIND_MY,
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

  /** How long rows, seeds and results are kept. */
  retentionHours(): number {
    return this.values[ConfigKey.RetentionDays] * HOURS_PER_DAY;
  }

  value(key: ConfigKey): number {
    return this.values[key];
  }

  private offers(key: number): boolean {
    if (key === ConfigKey.HearFindMy && (this.kinds & FIND_MY) === 0) return false;
    return key >= 1 && key <= CONFIG_KEYS && (numbersOf(CONFIG_ROLES)[key] & this.role) !== 0;
  }

  private accepts(key: number, value: number): boolean {
    return this.offers(key) && value >= numbersOf(CONFIG_LEAST)[key] && value <= numbersOf(CONFIG_MOST)[key];
  }
}

function numbersOf(table: string): number[] {
  return JSON.parse(table) as number[];
}
