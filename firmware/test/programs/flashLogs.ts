// The logs as bytecode over the flash service; what it prints, firmware/test/logVm.test.ts judges.
import * as ds from "@devicescript/core";
import { JacdacFlash } from "../../jacdac/jacdacFlash";
import { Logs } from "../../log/logs";

const HOUR = 493_000;

const flash = new JacdacFlash();
try {
  await flash.connect(5000);
  console.log(`size ${flash.size}`);
  await useLogs(
    new Logs(flash, async () => {
      await ds.sleep(1);
    }),
  );
} catch (error) {
  console.log(`error ${(error as Error).message}`);
}
console.log("done");

async function useLogs(logs: Logs): Promise<void> {
  const before = ds.millis();
  await logs.mount();
  console.log(`mount ${ds.millis() - before} ms`);

  console.log(`held ${await countHour(logs, HOUR)}`);
  const seed = await logs.seeds.get(HOUR);
  console.log(`seed ${seed ? seed.toString("hex") : "none"}`);
  if (!seed) {
    const fresh = Buffer.alloc(32);
    fresh[0] = 0xaa;
    await logs.seeds.put(HOUR, fresh);
  }
  for (let minute = 0; minute < 60; minute++) {
    const rows = Buffer.alloc(50 * 12);
    for (let i = 0; i < rows.length; i++) rows[i] = (minute + i) & 0xff;
    await logs.contacts.append(HOUR, rows);
    console.log(`minute ${minute}`);
  }
  console.log(`rows ${await countHour(logs, HOUR)}`);
  const expiring = ds.millis();
  await logs.expire(HOUR - 900);
  console.log(`expire ${ds.millis() - expiring} ms`);
  console.log(`expired ${await countHour(logs, HOUR - 900)} kept ${await countHour(logs, HOUR - 899)}`);
  await logs.results.append(HOUR, Buffer.from("found"));
  await logs.results.visitRecords(async (hour, payload) => {
    console.log(`result ${hour} ${payload.toString("hex")}`);
  });
  for (let hour = HOUR + 1; hour < HOUR + 505; hour++) await logs.contacts.readHour(hour, async () => {});
  console.log(`retries ${flash.retries}`);
}

async function countHour(logs: Logs, hour: number): Promise<number> {
  let rows = 0;
  await logs.contacts.readHour(hour, async (part) => {
    rows += part.length / 12;
  });
  return rows;
}
