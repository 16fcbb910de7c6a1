// Counts days in a setting, and resets itself before its timers freeze on day 49.
import * as ds from "@devicescript/core";
import { readSetting, writeSetting } from "@devicescript/settings";

const DAY_MS = 86400000;
const RESTART_DAYS = 39;
let days = await readSetting("days", 0);
for (let up = 0; up < RESTART_DAYS; up++) {
  await ds.sleep(DAY_MS);
  days = days + 1;
  await writeSetting("days", days);
  console.log(`day ${days}`);
}
// A setting is on its way when writeSetting resolves, and in the flash a little later: a reset at once would lose it.
await ds.sleep(1000);
await ds.reboot();
