import { jacdacBoard } from "../firmware/jacdac/jacdacBoard";
import { REPEATER_DEFAULTS } from "../protocol/keyfob/configKeys";
import { startRepeater } from "./startRepeater";

await startRepeater(REPEATER_DEFAULTS, jacdacBoard());
