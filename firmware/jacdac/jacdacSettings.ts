import * as ds from "@devicescript/core";
import { settings } from "@devicescript/settings";
import type { SettingsStore } from "../board/settingsStore";
import { onReport } from "./roleHooks";

const POLL_MS = 1;

/** The settings service of the device itself. Its answer can only be missing if the VM is out of order. */
export class JacdacSettings implements SettingsStore {
  /** The key that is being read, one at a time, and its value. */
  private wanted: string | undefined;
  private value: Buffer | undefined;

  constructor() {
    const self = this;
    onReport(settings, (packet) => {
      if (!self.wanted || packet.serviceCommand !== ds.SettingsCodes.CmdGet) return;
      const [key, value] = packet.decode() as [string, Buffer];
      if (key === self.wanted) self.value = value;
    });
  }

  async get(key: string): Promise<Buffer | undefined> {
    while (this.wanted) await ds.sleep(POLL_MS);
    this.wanted = key;
    this.value = undefined as Buffer | undefined;
    await settings.get(key);
    while (!this.value) await ds.sleep(POLL_MS);
    this.wanted = undefined;
    return this.value.length > 0 ? this.value : undefined;
  }

  async set(key: string, value: Buffer): Promise<void> {
    await settings.set(key, value);
  }

  async remove(key: string): Promise<void> {
    await settings.delete(key);
  }
}
