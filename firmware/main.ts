import { jacdacBoard } from "./jacdac/jacdacBoard";
import { DEFAULT_TUNABLES } from "./state/config";
import { startWearable } from "./wearable/startWearable";

await startWearable(DEFAULT_TUNABLES, jacdacBoard());
