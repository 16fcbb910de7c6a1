// How fast the simulator is: keyfobs with the real program, replaying a conference day, on all processors.

import { performance } from "node:perf_hooks";
import { hourOfSeconds } from "../../protocol/base/time";
import { sharedFile } from "../../test/tools";
import { buildBytecode } from "../build/bytecode";
import { mixUnit } from "../sim/air/chance";
import { REALISTIC } from "../sim/air/profile";
import { calendarShift } from "../sim/contacts/calendar";
import { CONTACT_SECONDS, type Contact, readContacts, select } from "../sim/contacts/contactList";
import { contactRuns } from "../sim/contacts/contactProximity";
import { Crowd } from "../sim/crowd/crowd";
import type { HostCommand } from "../sim/crowd/spec";
import { openLogs, rowsOf } from "../sim/oracle/encounters";
import { printMeasurements } from "./table";

const KEYFOB_SERVICE = 0x1c4fb003;
const COMMAND_CLOCK_SET = 0x82;
const HOUR_S = 3600;
const DAY_HOURS = 8;
const DAY_DEVICES = 100;
/** The target of 100 keyfobs for 8 hours. */
const TARGET_S = 600;
const SCALE_DEVICES = [10, 50, 100, 200];
const SCALE_S = 1800;
const CLOCK_SET_AT_S = 5;

/** Prints device-hours a second for crowds of 10 to 200, and the time of a whole day of 100. */
export async function benchSim(): Promise<void> {
  const day = conferenceDay();
  const rows: string[][] = [];
  for (const devices of SCALE_DEVICES) rows.push(row(await measure(day, devices, SCALE_S)));
  rows.push(row(await measure(day, DAY_DEVICES, DAY_HOURS * HOUR_S)));
  printMeasurements(
    `Simulator: wearables with realistic radio replaying ${day.name} (target: ${DAY_DEVICES} for ${DAY_HOURS} h in ${TARGET_S} s)`,
    ["keyfobs", "simulated", "real s", "processor s", "device-hours/s", "resident MB", "rows logged"],
    rows,
  );
}

interface Day {
  readonly name: string;
  readonly fromS: number;
  /** Contacts of people numbered from 0, in order of time. */
  readonly contacts: readonly { readonly endS: number; readonly a: number; readonly b: number }[];
  readonly people: number;
}

interface Measurement {
  readonly devices: number;
  readonly spanS: number;
  readonly realS: number;
  /** Seconds of all processors together: says what an idle machine would need. */
  readonly processorS: number;
  readonly residentMb: number;
  /** Contact rows in the logs of all keyfobs: shows that they chirped and heard each other. */
  readonly rows: number;
}

function row({ devices, spanS, realS, processorS, residentMb, rows }: Measurement): string[] {
  const deviceHours = (devices * spanS) / HOUR_S;
  const span = spanS < HOUR_S ? `${spanS / 60} min` : `${spanS / HOUR_S} h`;
  return [
    String(devices),
    span,
    realS.toFixed(1),
    processorS.toFixed(1),
    (deviceHours / realS).toFixed(1),
    residentMb.toFixed(0),
    String(rows),
  ];
}

/** The real conference where its list lies beside the checkout, otherwise one made up with about as many contacts. */
function conferenceDay(): Day {
  const file = sharedFile("data/contacts-ws16.tij.gz");
  const name = file ? "the first day of a real conference" : "a made-up conference";
  const contacts = file ? readContacts(file) : madeUpContacts();
  // The busiest half hour comes first, so that the short runs meet it.
  const fromS = Math.floor((contacts[0] as Contact).endS / HOUR_S) * HOUR_S + 3 * HOUR_S;
  const scene = select(contacts, { fromS, toS: fromS + DAY_HOURS * HOUR_S, people: DAY_DEVICES });
  const number = new Map(scene.people.map((person, i) => [person, i]));
  const numbered = scene.contacts.map(({ endS, a, b }) => ({
    endS,
    a: number.get(a) as number,
    b: number.get(b) as number,
  }));
  return { name, fromS, contacts: numbered, people: scene.people.length };
}

function madeUpContacts(): Contact[] {
  const contacts: Contact[] = [];
  for (let endS = HOUR_S; endS < 12 * HOUR_S; endS += CONTACT_SECONDS) {
    for (let i = 0; i < 60; i++) {
      const [a, b] = [0, 1].map((end) => Math.floor(DAY_DEVICES * mixUnit(1, Math.floor(endS / 300), i, end)));
      if (a !== b) contacts.push({ endS, a: String(a), b: String(b) });
    }
  }
  return contacts;
}

async function measure(day: Day, devices: number, spanS: number): Promise<Measurement> {
  const { image, debugFile } = await buildBytecode("wearable", "firmware/main.ts");
  // More devices than people: the same conference once more, next door.
  const copies = Math.ceil(devices / day.people);
  const contacts = day.contacts
    .filter(({ endS }) => endS <= day.fromS + spanS)
    .flatMap(({ endS, a, b }) =>
      Array.from({ length: copies }, (_, i) => ({ endS, a: a + i * day.people, b: b + i * day.people })),
    )
    .filter(({ a, b }) => a < devices && b < devices);
  const startS = day.fromS + calendarShift(day.fromS);
  const crowd = await Crowd.start({
    seed: "bench",
    profile: REALISTIC,
    proximity: { kind: "contacts", runs: contactRuns(contacts, day.fromS) },
    programs: { wearable: { image, debugFile } },
    devices: Array.from({ length: devices }, () => ({ program: "wearable", hostCommands: [clockSet(startS)] })),
    startS,
  });
  const began = performance.now();
  const usedBefore = process.cpuUsage();
  await crowd.run(spanS * 1e6);
  const realS = (performance.now() - began) / 1000;
  const used = process.cpuUsage(usedBefore);
  const processorS = (used.user + used.system) / 1e6;
  const residentMb = process.memoryUsage().rss / 1e6;
  const rows = await rowsLogged(crowd, devices, hourOfSeconds(startS), hourOfSeconds(startS + spanS));
  await crowd.close();
  return { devices, spanS, realS, processorS, residentMb, rows };
}

async function rowsLogged(crowd: Crowd, devices: number, firstHour: number, lastHour: number): Promise<number> {
  let rows = 0;
  for (let radio = 0; radio < devices; radio++) {
    const logs = await openLogs((await crowd.state(radio)).flash.log);
    for (let hour = firstHour; hour <= lastHour; hour++) rows += (await rowsOf(logs, hour)).length;
  }
  return rows;
}

/** The host sets the clock a few seconds after the start. */
function clockSet(startS: number): HostCommand {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(startS + CLOCK_SET_AT_S, 0);
  data.writeUInt16LE(1, 4);
  return { atUs: CLOCK_SET_AT_S * 1e6, serviceClass: KEYFOB_SERVICE, command: COMMAND_CLOCK_SET, data };
}
