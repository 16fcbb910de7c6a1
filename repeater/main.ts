import { jacdacBoard } from "../firmware/jacdac/jacdacBoard";
import { pactCodec } from "../protocol/beacon/pact";
import { REPEATER_DEFAULTS } from "../protocol/keyfob/configKeys";
import { startRepeater } from "./startRepeater";

await startRepeater(REPEATER_DEFAULTS, pactCodec(), jacdacBoard());
