import { MAX_SETTING_BYTES, type SettingsStore } from "../board/settingsStore";
import type { FillerSeeds } from "../seeds/fillerSeeds";
import type { Clock } from "../state/clock";
import type { Config } from "../state/config";
import type { RegionKeys } from "../state/regionKeys";
import type { Session } from "../state/session";

/** The settings lie in a log in two areas of 16 KB, used in turn: so many values go once through both. */
const SCRUB_WRITES = 160;
const SCRUB = "scrub";

/** Erases everything that was set, or is kept with the settings. */
export async function eraseSettings(
  clock: Clock,
  fillers: FillerSeeds,
  keys: RegionKeys,
  config: Config,
  session: Session,
  settings: SettingsStore,
): Promise<void> {
  clock.forget();
  await fillers.erase();
  await keys.erase();
  await config.erase();
  await session.erase();
  // DeviceScript only marks settings as deleted: their bytes go when it cleans up, which writing brings about.
  for (let i = 0; i < SCRUB_WRITES; i++) {
    const value = Buffer.alloc(MAX_SETTING_BYTES);
    value[0] = i;
    await settings.set(SCRUB, value);
  }
  await settings.remove(SCRUB);
}
