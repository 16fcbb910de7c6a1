// The least program with a radio: chirps its own number and prints what it hears. A stand-in for the firmware in tests of the
// simulator, through the very services that the firmware uses.
import * as ds from "@devicescript/core";

const hci = new ds.Hci();
let heard = 0;
let lastRssi = 0;

hci.report().subscribe(async (packet) => {
  if (packet.serviceCommand !== 0x81) return;
  const p = packet.payload;
  for (let at = 0; at + 3 <= p.length; at += 3 + p[at + 2]) {
    if (p[at + 1] === 0x3e && p[at + 3] === 2) {
      heard = heard + 1;
      lastRssi = p[at + 2 + p[at + 2]];
    } else if (p[at + 1] === 0x0e && p[at + 6] !== 0) console.log(`status ${p[at + 6]} of ${p[at + 4]}`);
  }
});

const self = Buffer.from(ds.deviceIdentifier("self"), "hex");
await ds.sleep(1500);
await hci.send(Buffer.from([1, 0x03, 0x0c, 0, 1, 0x01, 0x0c, 8, 255, 255, 255, 255, 255, 255, 255, 63]));
const setup = Buffer.alloc(10 + 19 + 36 + 11 + 5 + 6);
setup.set(Buffer.from([1, 0x05, 0x20, 6, self[0], self[1], self[2], self[3], self[4], self[5] & 0x3f]), 0);
setup.set(Buffer.from([1, 0x06, 0x20, 15, 0x40, 6, 0x40, 6, 3, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0]), 10);
setup.set(Buffer.from([1, 0x08, 0x20, 32, 31, 30, 255, 255, 255]), 29);
setup.set(Buffer.from([1, 0x0b, 0x20, 7, 0, 0x40, 6, 0x40, 6, 1, 0]), 65);
setup.set(Buffer.from([1, 0x0a, 0x20, 1, 1]), 76);
setup.set(Buffer.from([1, 0x0c, 0x20, 2, 1, 0]), 81);
await hci.send(setup);
while (true) {
  await ds.sleep(10000);
  console.log(`heard ${heard} ${lastRssi}`);
}
