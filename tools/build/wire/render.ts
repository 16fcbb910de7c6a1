// Writes protocol/keyfob/ out of the specification. Device and host share the codes; the device has its layouts as one text,
// which lies in flash where numbers would take code, and offsets as an enum, whose members cost nothing unless used.

import type { ConfigRow, Field, Layout, Packet, WireEnum, WireSpec } from "./spec";

const HEADER = "// Written by `npm run wire` out of services/keyfob.md. Change that page instead.\n\n";
const NOWHERE = 0xff;
const AT_LEAST = 0x80;

/** Text of each generated file, by its path from the project's root. Not formatted yet. */
export function renderWire(spec: WireSpec): ReadonlyMap<string, string> {
  return new Map([
    ["protocol/keyfob/codes.ts", HEADER + renderCodes(spec)],
    ["protocol/keyfob/layouts.ts", HEADER + renderLayouts(spec)],
    ["protocol/keyfob/packets.ts", HEADER + renderPackets(spec)],
    ["protocol/keyfob/configKeys.ts", HEADER + renderConfigKeys(spec.config)],
    ["protocol/keyfob/configTable.ts", HEADER + renderConfigTable(spec.config)],
  ]);
}

function renderCodes({ serviceClass, enums, packets, groups }: WireSpec): string {
  const commands = {
    name: "Command",
    isFlags: false,
    members: Object.fromEntries(packets.map((p) => [pascal(p.name), p.code])),
  };
  const group = {
    name: "Group",
    isFlags: false,
    members: Object.fromEntries([...groups, "None"].map((g, i) => [pascal(g), i])),
  };
  return [
    `/** Class of the keyfob service. */\nexport const KEYFOB_SERVICE_CLASS = 0x${serviceClass.toString(16)};\n`,
    renderEnum(commands, "Codes of the commands, and of the reports that answer them.", true),
    renderEnum(group, "The sections of the page: commands that belong together."),
    ...enums.map((e) => renderEnum({ ...e, name: e.name === "StateFlags" ? "StateFlag" : e.name }, DOCS[e.name] ?? "")),
  ].join("\n");
}

const DOCS: Readonly<Record<string, string>> = {
  Status: "How a command ended.",
  Role: "What a device is.",
  StateFlags: "Bits of the status report's `state`.",
  Purpose: "What a consent is asked for.",
  Counter: "Which of the counters report's values is which.",
};

function renderEnum({ name, isFlags, members }: WireEnum, doc: string, inHex = isFlags): string {
  const lines = Object.entries(members).map(
    ([member, value]) => `  ${member} = ${inHex ? `0x${value.toString(16)}` : value},`,
  );
  return `/** ${doc} */\nexport enum ${name} {\n${lines.join("\n")}\n}\n`;
}

/** Offsets by packet or record and field, and the row of each command. */
function renderLayouts({ packets, records, groups }: WireSpec): string {
  const offsets = [
    ...packets.flatMap(({ name, command, report }) => [
      ...offsetsOf(pascal(name), command),
      ...offsetsOf(`${pascal(name)}Report`, report),
    ]),
    ...records.flatMap((record) => offsetsOf(record.name, record)),
  ];
  const rows = packets.map((packet) => `"${tableRow(packet, records, groups)}" + // ${packet.name}`);
  const last = rows.length - 1;
  const table = rows.map((row, i) => (i === last ? row.replace('" + //', '", //') : row)).join("\n    ");
  return `/**
 * Where each field lies in its packet or record, in bytes, and the length of the whole: of a packet's fixed fields if it ends
 * with \`bytes\`. All numbers are little-endian.
 */
export enum At {
${offsets.join("\n")}
}

/**
 * A row of 8 bytes for each command: code | group | bytes of its payload (80 more: at least so many) | where that has the
 * request | bytes of the report (00: it has none, or none to refuse with) | where that has the request | and the status
 * (ff: nowhere) | values in the report (80 more: and bytes at the end).
 */
export const COMMAND_TABLE = Buffer.from(
    ${table}
  "hex",
);
`;
}

function offsetsOf(owner: string, layout: Layout | undefined): string[] {
  if (!layout) return [];
  return [
    ...layout.fields.map(({ name, at }) => `  ${owner}${pascal(name)} = ${at},`),
    `  ${owner}End = ${layout.bytes},`,
  ];
}

function tableRow(packet: Packet, records: WireSpec["records"], groups: readonly string[]): string {
  const { code, command, report, group } = packet;
  const isOpen = command?.fields.at(-1)?.bytes === 0;
  const values = report?.fields.reduce((sum, { bytes }) => sum + (bytes === 0 ? AT_LEAST : 1), 0) ?? 0;
  const row = [
    code,
    // What is only ever sent by the device is no command.
    command ? groups.indexOf(group) : groups.length,
    (command?.bytes ?? 0) + (isOpen ? AT_LEAST : 0),
    command ? offsetOf(command, "request") : 0,
    refusalBytes(packet, records),
    report && command ? offsetOf(report, "request") : 0,
    report && command ? offsetOf(report, "status") : NOWHERE,
    values,
  ];
  return row.map((value) => value.toString(16).padStart(2, "0")).join("");
}

/** Only a report that has a status, or whose bytes can be missing, can refuse. What a record of fixed length holds is zeros then. */
function refusalBytes({ command, report }: Packet, records: WireSpec["records"]): number {
  if (!command || !report?.fields.some(({ name }) => name === "status" || name === "block")) return 0;
  const record = records.find(({ within }) => report.fields.some(({ name }) => name === within && within === "trust"));
  return report.bytes + (record?.bytes ?? 0);
}

function offsetOf(layout: Layout, name: string): number {
  return layout.fields.find((field) => field.name === name)?.at ?? NOWHERE;
}

/** Packets and records as data, for the host's codec. */
function renderPackets({ packets, records }: WireSpec): string {
  const entries = packets.map(
    ({ name, code, command, report }) =>
      `  ${camel(name)}: { code: 0x${code.toString(16)}, command: ${renderFields(command)}, report: ${renderFields(report)} },`,
  );
  const recordEntries = records.map(
    ({ name, bytes, fields }) => `  ${camel(name)}: { bytes: ${bytes}, fields: ${renderFields({ fields, bytes })} },`,
  );
  return `/** Where a field lies and what it is: a number, \`u8[n]\`, all bytes that follow, or a value of an enum. */
export interface PacketField {
  readonly at: number;
  readonly type: string;
}

/** Every command and report by name. */
export const PACKETS = {
${entries.join("\n")}
} as const;

/** What lies in fields of type \`bytes\`. */
export const RECORDS = {
${recordEntries.join("\n")}
} as const;
`;
}

function renderFields(layout: Layout | undefined): string {
  const field = ({ name, at, type }: Field) => `${camel(name)}: { at: ${at}, type: "${type}" }`;
  return layout ? `{ ${layout.fields.map(field).join(", ")} }` : "{}";
}

function renderConfigKeys(rows: readonly ConfigRow[]): string {
  const list = (value: (row: ConfigRow) => number): string => `"[0, ${rows.map(value).join(", ")}]"`;
  return `/** The numbers are stored and spoken, so they never change their meaning. */
export enum ConfigKey {
${rows.map(({ key, name }) => `  ${pascal(name)} = ${key},`).join("\n")}
}

/** How many there are. */
export const CONFIG_KEYS = ${rows.length};

// Tables by key, as text: that lies in flash, where numbers would take code and heap.
export const CONFIG_LEAST = ${list(({ least }) => least)};
export const CONFIG_MOST =
  ${list(({ most }) => most)};
/** Who has a key: 1 a wearable, 2 a repeater, 3 both. */
export const CONFIG_ROLES = ${list(({ wearable, repeater }) => (wearable === undefined ? 0 : 1) + (repeater === undefined ? 0 : 2))};
export const WEARABLE_DEFAULTS = ${list((row) => row.wearable ?? row.repeater ?? 0)};
export const REPEATER_DEFAULTS = ${list((row) => row.repeater ?? row.wearable ?? 0)};
`;
}

/** What hosts and builds know of each key. */
function renderConfigTable(rows: readonly ConfigRow[]): string {
  const entries = rows.map(
    ({ key, name, unit, least, most, wearable, repeater, build }) =>
      `  ${name}: { key: ${key}, unit: "${unit}", least: ${least}, most: ${most}, wearable: ${wearable}, repeater: ${repeater}, build: "${build}" },`,
  );
  return `/** Each configuration key by name: number, unit, range, each role's default, and who may choose another (a build, its board). */
export const CONFIG_TABLE = {
${entries.join("\n")}
} as const;
`;
}

function pascal(name: string): string {
  return name
    .replace(/(?:^|[_ ])([a-z])/g, (_all, letter: string) => letter.toUpperCase())
    .replace(/^[a-z]/, (c) => c.toUpperCase());
}

function camel(name: string): string {
  const text = pascal(name);
  return `${text[0]?.toLowerCase()}${text.slice(1)}`;
}
