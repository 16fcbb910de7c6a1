import { WEARABLE_DEFAULTS } from "../protocol/keyfob/configKeys";
import { jacdacBoard } from "./jacdac/jacdacBoard";
import { startWearable } from "./wearable/startWearable";

await startWearable(WEARABLE_DEFAULTS, jacdacBoard());
