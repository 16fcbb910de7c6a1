import { jacdacBoard } from "./jacdacBoard";
import { startWearable } from "./startWearable";
import { DEFAULT_TUNABLES } from "./state/config";

await startWearable(DEFAULT_TUNABLES, jacdacBoard());
