// Boots, counts its boots in a setting, resets itself twice, and then fails: what the VM host has to live with.
import * as ds from "@devicescript/core";
import { readSetting, writeSetting } from "@devicescript/settings";

function failOnPurpose(n: number): number {
  const nothing = undefined as unknown as Buffer;
  return n + nothing.length; // line 7: the panic test looks for it
}

const boot = (await readSetting("boots", 0)) + 1;
await writeSetting("boots", boot);
console.log(`boot ${boot}`);
console.log(`id ${ds.deviceIdentifier("self")}`);
console.log(Buffer.alloc(128).toString("hex"));
for (const ms of [3, 17, 250, 1500, 61234]) {
  await ds.sleep(ms);
  console.log(`t ${ds.millis()}`);
}
if (boot < 3) await ds.reboot();
console.log("end");
await ds.sleep(100);
failOnPurpose(1);
