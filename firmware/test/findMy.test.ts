import { expect, test } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { Beacon } from "../../protocol/beacon/sighting";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import { decodeRow, openMetadata } from "../../protocol/log/contactRow";
import { findMyFrame } from "../../protocol/test/arbitraries";
import { openLogs, rowsOf } from "../../tools/sim/oracle/encounters";
import { hear } from "./crowd";
import { type KeyfobRig, MINUTE_US, SECOND_US, settledKeyfob, sha256 } from "./keyfobRig";

const KEY = sha256(Buffer.from("a Find My device")).subarray(0, 28);

/** The keyfob is near a Find My device for `minutes` minutes, and then alone until every row is written. */
function stay(keyfob: KeyfobRig, minutes: number): void {
  const frame = findMyFrame(KEY, 0, 0);
  const advertisement = { advA: frame.subarray(0, 6), advData: frame.subarray(6) };
  for (let second = 0; second < minutes * 60; second += 10) {
    hear(keyfob, advertisement, -70 + minutes);
    keyfob.world.run(10 * SECOND_US);
  }
  keyfob.world.run(4 * MINUTE_US);
}

async function rowsIn(keyfob: KeyfobRig, fromHour: number): Promise<{ hour: number; row: Buffer }[]> {
  const logs = await openLogs(keyfob.device.flash.log);
  const rows = [];
  for (let hour = fromHour - 1; hour <= fromHour + 1; hour++)
    for (const row of await rowsOf(logs, hour)) rows.push({ hour, row });
  return rows;
}

test("a Find My device that stays is logged as its own kind, in one row that counts its minutes, once the wearer's computer says so", async () => {
  const keyfob = await settledKeyfob("Find My");
  const fromHour = hourOfSeconds(keyfob.worldSeconds());
  stay(keyfob, 3);
  expect(await rowsIn(keyfob, fromHour)).toEqual([]);

  keyfob.configSet(ConfigKey.HearFindMy, 1);
  const from = minuteOfSeconds(keyfob.worldSeconds());
  stay(keyfob, 6);
  const rows = await rowsIn(keyfob, fromHour);
  expect(rows).toHaveLength(1);
  const { hour, row } = rows[0] as { hour: number; row: Buffer };
  const { kind, tag, sealed, minuteInHour } = decodeRow(row);
  expect([kind, tag, hour * 60 + minuteInHour]).toEqual([Beacon.FindMy, KEY.subarray(0, 8), from]);
  const metadata = openMetadata(sha256, kind, sealed, KEY, from);
  expect(metadata).toMatchObject({ maxRssi: -64, txPower: 0, delay: 0 });
  expect([6, 7]).toContain(metadata.hearings);
  expect(keyfob.panics).toEqual([]);
}, 120_000);
