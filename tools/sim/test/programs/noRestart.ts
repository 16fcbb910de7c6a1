// Ticks once an hour for as long as the VM's timers go.
import * as ds from "@devicescript/core";

while (true) {
  await ds.sleep(3600000);
  console.log(`hour ${Math.floor(ds.millis() / 3600000)}`);
}
