// What differs between a newcomer's computer and this test: each entry says why, and every entry must be used by a document.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CX_VECTORS } from "../../protocol/test/cxCaseList";
import { ROOT } from "../tools";

/** What a value in a document stands for, and what takes its place. */
export interface Substitution {
  readonly written: RegExp;
  readonly by: (here: Substitutes, written: string) => string | undefined | Promise<string | undefined>;
  readonly why: string;
}

/** What the test can put in the place of things that only a reader has. `undefined` where a tool is not installed. */
export interface Substitutes {
  /** A free port for one that may be taken here, the same for the whole document. */
  freePort(port: string): Promise<string>;
  /** An unused permission number: printed by the document itself, or issued by the test's health department. */
  permissionNumber(): Promise<string>;
  /** A real exposure service of a region. */
  service(region: string): Promise<{ readonly url: string; readonly publicKey: string }>;
  postgres(): Promise<string | undefined>;
  proxy(): Promise<string | undefined>;
  /** A federation file that names no other region. */
  federationFile(): Promise<string | undefined>;
  /** A path in the test's own folder, with a file there if `content` is given. */
  file(name: string, content?: string | Uint8Array): Promise<string>;
}

/** The day on which the documents' examples take place: 21 days to look back from it cover all their dates. */
const DAY_WRITTEN = Date.UTC(2026, 10, 25);
const DAY_MS = 86_400_000;

const GAEN_SAMPLE = JSON.parse(readFileSync(join(ROOT, "tools/gaen/test/vectors/google-export.json"), "utf8")) as {
  readonly zip: string;
  readonly publicKey: string;
};
/** At -20 dBm of transmit power, 45 and 60 dB away. */
const GAEN_SIGHTINGS = [
  { time: "2020-05-19T21:00:30Z", rssi: -65 },
  { time: "2020-05-19T21:01:30Z", rssi: -80 },
].map((heard) => ({ ...heard, rpi: "5e2376cb92954e849382b6a0981f54f9", aem: "58419fa0" }));
const CX_DESCRIPTOR = {
  url: "https://cx.example/nowhere/publisher.json",
  cert: CX_VECTORS.certificates.RSA1,
  name: "Nowhere",
  report: "https://cx.example/nowhere/report",
  pub: "https://cx.example/nowhere/full",
  pubs: [],
};

export const SUBSTITUTIONS: readonly Substitution[] = [
  {
    written: /(?<=--tcp |127\.0\.0\.1:)7777\b/,
    by: (here) => here.freePort("7777"),
    why: "the port may be taken here",
  },
  { written: /(?<=127\.0\.0\.1:)8731\b/, by: (here) => here.freePort("8731"), why: "the port may be taken here" },
  { written: /\bNUMBER\b/, by: (here) => here.permissionNumber(), why: "a number is issued once, and works once" },
  {
    written: /https:\/\/(exposure|ma)\.example\.org/,
    by: async (here) => (await here.service("US-MA")).url,
    why: "the reader's own region, here a real service on loopback",
  },
  {
    written: /https:\/\/nh\.example\.org/,
    by: async (here) => (await here.service("US-NH")).url,
    why: "a second region, here a real service on loopback",
  },
  {
    written: /\b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\b/,
    by: async (here) => (await here.service("US-MA")).publicKey,
    why: "the key that the region's health service gives out",
  },
  {
    written: /(?<!\d)2026-11-\d\d(?=T|\.\.|\s|$)/,
    by: (_, day) => dateHere(day),
    why: "days of the last three weeks",
  },
  {
    written: /postgres:\/\/chirpfob@db\.internal\/chirpfob/,
    by: (here) => here.postgres(),
    why: "a database server of the reader's, here a real PostgreSQL",
  },
  { written: /socks5:\/\/127\.0\.0\.1:9050/, by: (here) => here.proxy(), why: "Tor, here another SOCKS5 proxy" },
  { written: /\/var\/lib\/chirpfob/, by: (here) => here.file("state"), why: "a folder that only root may make" },
  {
    written: /\bfedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210\b/,
    by: async (here) => (await here.service("US-NH")).publicKey,
    why: "the key that the second region's health service gives out",
  },
  {
    written: /(?<=--federation )federation\.json/,
    by: (here) => here.federationFile(),
    why: "the reader's own; federation.deep.test.ts pulls from other regions",
  },
  {
    written: /(?<=--contacts )FILE\b/,
    by: (here) => here.file("contacts.tij", contactsOf(1_480_500_000, ["10", "39", "2"], "7")),
    why: "the recording of a conference, which is not ours to hand on; here a small list with the same hour and people",
  },
  {
    written: /(?<=--to )1480518000\b/,
    by: () => "1480507200",
    why: "two hours of the conference: that list has contacts in the first one only",
  },
  {
    written: /(?<=--groups )groups\.json/,
    by: (here) => here.file("groups.json", jsonOf("docs/model.md")),
    why: "the file that the page shows",
  },
  {
    written: /(?<=--graph )graph\.json/,
    by: (here) => here.file("graph.json", '{"nodes": 3, "edges": [[0, 1], [1, 2]]}'),
    why: "a file that the page describes in its text",
  },
  {
    written: /(?<=--contacts )chain\.json/,
    by: (here) => here.file("chain.json", '{"contacts": [["A", "B", 0, 1], ["B", "C", 2, 3]]}'),
    why: "a file that the page describes in its text",
  },
  {
    written: /(?<=model keyfobs .*--runs )200\b/,
    by: () => "2",
    why: "two runs of each setting instead of two hundred: minutes of work",
  },
  {
    written: /(?<= )export\.zip\b/,
    by: (here, name) => here.file(name, Buffer.from(GAEN_SAMPLE.zip, "base64")),
    why: "a health authority's: here the sample of Google's server",
  },
  {
    written: /(?<= )authority\.pem\b/,
    by: (here, name) => here.file(name, GAEN_SAMPLE.publicKey),
    why: "the public key that goes with it",
  },
  {
    written: /(?<=--scans )scans\.json\b/,
    by: (here, name) => here.file(name, JSON.stringify(GAEN_SIGHTINGS)),
    why: "the reader's own recording; here two sightings of a phone of that sample",
  },
  {
    written: /(?<=--cohort )FILE\b/,
    by: (here) => here.file("cohort.json", COHORT),
    why: "the cohort of whoever tries it",
  },
  {
    written: /(?<=--segments )FILE\b/,
    by: (here) => here.file("segments.json", '{"segments":[{"a":"x","b":"y","from":0,"until":900,"metres":1.5}]}'),
    why: "what somebody measured",
  },
  {
    written: /(?<=--input )FILE\b/,
    by: (here) => here.file("mine.json", '{"number":7,"infected":false,"encounters":[{"with":3,"t0":12}]}'),
    why: "a participant's own data",
  },
  { written: /(?<=--port )874[123]\b/, by: (here, port) => here.freePort(port), why: "the port may be taken here" },
  {
    written: /devicescript-esp32(c3)?-0x1?0+\.bin/,
    by: (here, name) => here.file(name, "stands for a runtime: there is no board to flash"),
    why: "the runtime that the reader has built or downloaded",
  },
  {
    written: /(?<=cx-report )report\.der/,
    by: (here) => here.file("report.der", hex(CX_VECTORS.seedReports[0]?.der)),
    why: "somebody's report, here that of a vector",
  },
  {
    written: /(?<=cx-publication )full\.der/,
    by: (here) => here.file("full.der", hex(CX_VECTORS.publications[0]?.der)),
    why: "a publisher's publication, here that of a vector",
  },
  {
    written: /(?<=--certificate )publisher\.pem/,
    by: (here) => here.file("publisher.pem", CX_VECTORS.certificates.RSA1),
    why: "that publisher's certificate",
  },
  {
    written: /(?<=cx-publisher )publisher\.json/,
    by: (here) => here.file("publisher.json", JSON.stringify(CX_DESCRIPTOR)),
    why: "a publisher's descriptor, here that of nobody",
  },
  {
    written: /(?<=--public-key )key\.pem/,
    by: (here) => here.file("key.pem", hex(CX_VECTORS.keys.ED1?.spki)),
    why: "the key of a seed's owner, here that of a vector",
  },
];

/** The first JSON that a page shows. */
function jsonOf(document: string): string {
  const text = readFileSync(join(ROOT, document), "utf8");
  return /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
}

/** Three people, of whom one is infected and met the second one in time, and the third one too late. */
const COHORT = JSON.stringify({
  circuit: "collision",
  participants: [
    { id: "a", infected: true, from: 10, until: 20, encounters: [] },
    { id: "b", infected: false, encounters: [{ with: "a", t0: 12 }] },
    { id: "c", infected: false, encounters: [{ with: "a", t0: 20 }] },
  ],
});

/** A day of the documents, moved so that it is as long ago as it was when they were written. */
function dateHere(written: string): string {
  const daysAgo = (DAY_WRITTEN - Date.parse(written)) / DAY_MS;
  const here = new Date(Date.now() - daysAgo * DAY_MS);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${here.getFullYear()}-${two(here.getMonth() + 1)}-${two(here.getDate())}`;
}

function hex(digits = ""): Buffer {
  return Buffer.from(digits, "hex");
}

/** Lines of a contact list in which everybody in turn is near somebody for five minutes. */
function contactsOf(fromS: number, people: readonly string[], near: string): string {
  const lines = people.flatMap((id, i) =>
    Array.from({ length: 15 }, (_, k) => `${fromS + (15 * i + k + 1) * 20}\t${id}\t${near}`),
  );
  return `${lines.join("\n")}\n`;
}

/** Command lines that go on until they are ended, and what they print when they are ready. */
export const GO_ON: readonly { readonly command: RegExp; readonly ready: RegExp }[] = [
  { command: /^chirpfob sim device /, ready: /^tcp:\/\//m },
  { command: /^chirpfob serve /, ready: /^serving region/m },
  { command: /^chirpfob study serve /, ready: /"event":"listening"/ },
];

/** Command lines that this test leaves to others. */
export const NOT_RUN: readonly { readonly command: RegExp; readonly why: string }[] = [
  { command: /^npm ci$/, why: "takes away node_modules from under this very test; .ci/run does it first" },
  { command: /^npm test$/, why: "is this very test; .ci/run does it" },
];

/** Command lines that rightly end with another exit code than 0 here. */
export const ENDS: readonly {
  readonly command: RegExp;
  readonly exitCodes: readonly number[];
  readonly why: string;
}[] = [
  {
    command: /^chirpfob flash /,
    exitCodes: [1, 3],
    why: "no esptool, or no board to flash; tools/cli/test/flash.deep.test.ts goes on with a stand-in for esptool",
  },
  {
    command: /^chirpfob upload .*--verify/,
    exitCodes: [5],
    why: "the youngest hours are not out yet, as the page says",
  },
  {
    command: /^chirpfob study join /,
    exitCodes: [4, 5],
    why: "the other institutions' servers do not run here; tools/study/test/studyCommands.deep.test.ts runs all three",
  },
  { command: /^chirpfob study result /, exitCodes: [1], why: "so there is no receipt" },
];

/** Command lines that ask on the terminal. */
export const ASK: readonly { readonly command: RegExp; readonly question: RegExp; readonly answer: string }[] = [
  { command: /^chirpfob erase$/, question: /Erase everything/, answer: "y\n" },
];

/** Command lines that take long: for the deeper checks only. */
export const SLOW: readonly { readonly command: RegExp; readonly why: string }[] = [
  { command: /^npm (start|run bench)/, why: "simulates or measures for a minute" },
  { command: /^npm link/, why: "belongs to a page that is run as a whole" },
  { command: /^chirpfob sim run/, why: "simulates for a minute" },
  { command: /^chirpfob model keyfobs/, why: "models an epidemic for some seconds" },
  { command: /^chirpfob build/, why: "compiles for a board, which no other test has done before" },
];

/** What a line of output says that is different at each run. */
export const VARIES: readonly { readonly what: RegExp; readonly why: string }[] = [
  { what: /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2,3} \d{4}(, \d\d:\d\d)?/g, why: "the time" },
  { what: /\d{4}-\d\d-\d\dT[\d:.]+Z/g, why: "the time" },
  { what: /(?<=^firstHour +)\d+/g, why: "the time" },
  { what: /(?<=^running +)\d+ s/g, why: "the time since the keyfob's start" },
  { what: /(?<=^Done in )\d+ s/g, why: "the speed of the computer" },
  { what: /[0-9A-Z]{5}(-[0-9A-Z]{5}){4}-[0-9A-Z][0-9A-Z*~$=]/g, why: "a random permission number" },
  { what: /\b[0-9a-f]{64}\b|(?<=^key id )[0-9a-f]{16}/g, why: "a fresh key" },
  {
    what: /\d+(?= seeds| bytes$)|\d+\.\d(?= kB)/g,
    why: "hours become due as time goes by",
  },
];
