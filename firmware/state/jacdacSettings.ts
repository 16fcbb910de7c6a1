import * as ds from "@devicescript/core";
import { settings } from "@devicescript/settings";
import type { SettingsStore } from "./settingsStore";

/** The settings service of the device itself. Its answer can only be missing if the VM is out of order: then as if unset. */
export class JacdacSettings implements SettingsStore {
  async get(key: string): Promise<Buffer | undefined> {
    const packet = await ds.actionReport(
      settings,
      "get",
      async () => await settings.get(key),
      (p) => p.decode()[0] === key,
    );
    const value: Buffer = packet.decode()[1];
    return value && value.length > 0 ? value : undefined;
  }

  async set(key: string, value: Buffer): Promise<void> {
    await settings.set(key, value);
  }

  async remove(key: string): Promise<void> {
    await settings.delete(key);
  }
}
