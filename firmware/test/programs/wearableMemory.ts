// The wearable, which after eight minutes asks for more memory than there is: the VM then says how much was in use.

import * as ds from "@devicescript/core";
import { findMyCodec } from "../../../protocol/beacon/findMy";
import { pactCodec } from "../../../protocol/beacon/pact";
import { WEARABLE_DEFAULTS } from "../../../protocol/keyfob/configKeys";
import { jacdacBoard } from "../../jacdac/jacdacBoard";
import { startWearable } from "../../wearable/startWearable";

const ALL_OF_IT = 50000;

await startWearable(WEARABLE_DEFAULTS, [pactCodec(), findMyCodec()], jacdacBoard());
await ds.sleep(8 * 60000);
console.log(`got ${Buffer.alloc(ALL_OF_IT).length}`);
