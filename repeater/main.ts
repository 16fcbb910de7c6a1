import { jacdacBoard } from "../firmware/jacdac/jacdacBoard";
import { startRepeater } from "./startRepeater";
import { REPEATER_TUNABLES } from "./tunables";

await startRepeater(REPEATER_TUNABLES, jacdacBoard());
