import type { KeyfobSetting, KeyfobWorld } from "./keyfobEpidemic";

/** What a thread computes for. */
export interface ThreadTask {
  readonly world: KeyfobWorld;
  readonly settings: readonly KeyfobSetting[];
}
