import { findMyCodec } from "../protocol/beacon/findMy";
import { pactCodec } from "../protocol/beacon/pact";
import { WEARABLE_DEFAULTS } from "../protocol/keyfob/configKeys";
import { jacdacBoard } from "./jacdac/jacdacBoard";
import { startWearable } from "./wearable/startWearable";

await startWearable(WEARABLE_DEFAULTS, [pactCodec(), findMyCodec()], jacdacBoard());
