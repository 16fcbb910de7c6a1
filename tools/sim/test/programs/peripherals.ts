// Uses every peripheral of a simulated device and prints what it finds.
import * as ds from "@devicescript/core";

const flash = new ds.FlashStore();
const button = new ds.Button();
const light = new ds.Led();

button.down.subscribe(async () => {
  console.log("down");
  await light.pixels.write(Buffer.from([0, 255, 0]));
});
button.up.subscribe(async (heldMs) => {
  console.log(`up ${heldMs}`);
});

/** Sends one command and waits for its report. */
async function ask(command: "read" | "program" | "erase", send: () => Promise<void>): Promise<Buffer> {
  const answer = await ds.actionReport(flash, command, send, () => true);
  return answer.payload;
}

async function read(name: string, offset: number, stride: number, length: number, count: number): Promise<void> {
  const answer = await ask("read", async () => {
    await flash.read(offset, stride, 1, length, count);
  });
  console.log(answer[6] === 0 ? `${name} ${answer.slice(7).toString("hex")}` : `${name} ${answer[6]}`);
}

async function program(name: string, data: Buffer): Promise<void> {
  const answer = await ask("program", async () => {
    await flash.program(0, 2, data);
  });
  console.log(`${name} ${answer[6]}`);
}

console.log(`size ${await flash.size.read()}`);
await program("program", Buffer.from([1, 2]));
await program("again", Buffer.from([3]));
await read("read", 0, 0, 3, 1);
await read("strided", 0, 4096, 1, 3);
await read("beyond", 2097151, 0, 2, 1);
const erased = await ask("erase", async () => {
  await flash.erase(0, 3);
});
console.log(`erase ${erased[6]}`);
while (true) {
  await ds.sleep(10000);
  console.log(`tick ${ds.millis()}`);
}
