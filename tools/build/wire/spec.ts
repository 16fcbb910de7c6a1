// Reads services/keyfob.md: packets and enums with the parser that DeviceScript's compiler uses, groups, records and
// configuration keys from the page's headings and tables.

import { parseServiceSpecificationMarkdownToJSON } from "jacdac-ts";

/** A value of a packet or record. */
export interface Field {
  /** As in the page, with underscores. */
  readonly name: string;
  /** `u8`, `u16`, `u32`, `i32`, `u8[n]`, `bytes`, or the name of an enum. */
  readonly type: string;
  readonly at: number;
  /** 0 for `bytes`: as many as there are. */
  readonly bytes: number;
}

/** A row of fields. */
export interface Layout {
  readonly fields: readonly Field[];
  /** Bytes of all fields of fixed length. */
  readonly bytes: number;
}

export interface Packet {
  readonly name: string;
  readonly code: number;
  /** Undefined for a report that answers no command. */
  readonly command: Layout | undefined;
  readonly report: Layout | undefined;
  /** The section that the command stands in. */
  readonly group: string;
}

/** What lies in a field of type `bytes`, once or several times. */
export interface WireRecord extends Layout {
  readonly name: string;
  /** The field of type `bytes` that it lies in. */
  readonly within: string;
}

export interface ConfigRow {
  readonly key: number;
  readonly name: string;
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  /** Default of the role; undefined where the role does not have the key. */
  readonly wearable: number | undefined;
  readonly repeater: number | undefined;
  /** Who may choose another default: a deployment, the board, nobody. */
  readonly build: "yes" | "board" | "";
}

export interface WireEnum {
  readonly name: string;
  readonly isFlags: boolean;
  readonly members: Readonly<Record<string, number>>;
}

export interface WireSpec {
  readonly serviceClass: number;
  readonly enums: readonly WireEnum[];
  readonly groups: readonly string[];
  readonly packets: readonly Packet[];
  readonly records: readonly WireRecord[];
  readonly config: readonly ConfigRow[];
}

/** The page contradicts itself; the message says where. */
export class WireSpecError extends Error {
  override readonly name = "WireSpecError";
}

/** Reads the text of services/keyfob.md. @throws WireSpecError */
export function parseWireSpec(text: string): WireSpec {
  const service = parseServiceSpecificationMarkdownToJSON(text, {}, "services/keyfob.md");
  // Its base service is part of the compiler, and adds nothing that a keyfob uses.
  const errors = (service.errors ?? []).filter(({ message }) => !message.includes("_base"));
  if (errors.length > 0)
    throw new WireSpecError(errors.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
  const groups = groupsOf(text);
  const packets = packetsOf(service.packets, groups);
  const config = configRowsOf(text);
  checkOffsets(text, packets);
  return {
    serviceClass: service.classIdentifier,
    enums: Object.values(service.enums).map(({ name, isFlags, members }) => ({
      name,
      isFlags: isFlags === true,
      members,
    })),
    groups: [...new Set(groups.values())],
    packets,
    records: recordsOf(text),
    config,
  };
}

/** The section of each command. */
function groupsOf(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  let section = "";
  for (const line of text.split("\n")) {
    section = /^### (.+)$/.exec(line)?.[1] ?? section;
    const command = /^ {4}(?:command|report) (\w+) @/.exec(line)?.[1];
    if (command !== undefined) groups.set(command, section);
  }
  return groups;
}

interface ParsedPacket {
  readonly kind: string;
  readonly name: string;
  readonly identifier: number;
  /** `storage` is a number of bytes, negative for signed numbers. */
  readonly fields: readonly { readonly name: string; readonly type: string; readonly storage: number }[];
}

function packetsOf(parsed: readonly ParsedPacket[], groups: ReadonlyMap<string, string>): Packet[] {
  const names = [...new Set(parsed.filter(({ name }) => groups.has(name)).map(({ name }) => name))];
  return names.map((name) => {
    const named = parsed.filter((packet) => packet.name === name);
    const layout = (kind: string): Layout | undefined => {
      const packet = named.find((p) => p.kind === kind);
      return (
        packet && layoutOf(packet.fields.map(({ name: field, type, storage }) => [field, type, Math.abs(storage)]))
      );
    };
    return {
      name,
      code: named[0]?.identifier ?? 0,
      command: layout("command"),
      report: layout("report"),
      group: groups.get(name) ?? "",
    };
  });
}

function layoutOf(fields: readonly (readonly [string, string, number])[]): Layout {
  let at = 0;
  const placed = fields.map(([name, type, bytes]) => {
    const field = { name, type, at, bytes };
    at += bytes;
    return field;
  });
  return { fields: placed, bytes: at };
}

interface Table {
  /** The lines before the table that are not empty. */
  readonly before: string;
  readonly cells: readonly (readonly string[])[];
}

/** Tables whose heading row is `heading`. */
function tablesOf(text: string, heading: string): Table[] {
  const lines = text.split("\n");
  return lines.flatMap((line, start) => {
    if (line !== heading) return [];
    const rows: string[][] = [];
    for (let i = start + 2; lines[i]?.startsWith("|"); i++)
      rows.push(
        (lines[i] as string)
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    return [{ before: lines.slice(0, start).findLast((l) => l !== "") ?? "", cells: rows }];
  });
}

const OFFSETS = "| offset | field | meaning |";
const RECORD = /^Record `(\w+)` \((?:up to \d+ )?in `(\w+)`\), (\d+) bytes:$/;
const BYTES: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, i32: 4 };

function recordsOf(text: string): WireRecord[] {
  return tablesOf(text, OFFSETS).flatMap(({ before, cells }) => {
    const [, name, within, length] = RECORD.exec(before) ?? [];
    if (name === undefined || within === undefined) return [];
    const layout = layoutOf(
      cells.map(([, field = ""]) => {
        const [, fieldName = "", type = "", unit = "", count = "1"] = /^(\w+) ((\w+)(?:\[(\d+)\])?)$/.exec(field) ?? [];
        const bytes = BYTES[unit];
        if (bytes === undefined) throw new WireSpecError(`record ${name}: "${field}" is no name and type`);
        return [fieldName, type, bytes * Number(count)] as const;
      }),
    );
    const stated = cells.map(([at]) => Number(at));
    if (layout.fields.some(({ at }, i) => at !== stated[i]) || layout.bytes !== Number(length))
      throw new WireSpecError(`record ${name}: offsets and length do not fit its fields`);
    return [{ name, within, ...layout }];
  });
}

/** The offsets that the page states for a report are those that its fields have. */
function checkOffsets(text: string, packets: readonly Packet[]): void {
  for (const { before, cells } of tablesOf(text, OFFSETS)) {
    if (RECORD.test(before)) continue;
    for (const [at = "", field = ""] of cells) {
      const name = field.split(" ")[0];
      if (!packets.some(({ report }) => report?.fields.some((f) => f.name === name && f.at === Number(at))))
        throw new WireSpecError(`no report has ${name} at offset ${at}`);
    }
  }
}

const CONFIG = "| key | name | unit | least | most | wearable | repeater | build | meaning |";

function configRowsOf(text: string): ConfigRow[] {
  const [table] = tablesOf(text, CONFIG);
  if (!table) throw new WireSpecError("there is no table of configuration keys");
  return table.cells.map((cells, i) => {
    const [key, name = "", unit = "", least, most, wearable, repeater, build = ""] = cells;
    const row = {
      key: Number(key),
      name,
      unit,
      least: Number(least),
      most: Number(most),
      wearable: wearable === "" ? undefined : Number(wearable),
      repeater: repeater === "" ? undefined : Number(repeater),
      build: build as ConfigRow["build"],
    };
    const defaults = [row.wearable, row.repeater].filter((value) => value !== undefined);
    if (row.key !== i + 1) throw new WireSpecError(`${name}: keys are numbered from 1 without a gap`);
    if (!["yes", "board", ""].includes(build)) throw new WireSpecError(`${name}: build is "yes", "board" or empty`);
    if (defaults.length === 0 || !defaults.every((value) => value >= row.least && value <= row.most))
      throw new WireSpecError(`${name}: a default is missing or outside its range`);
    return row;
  });
}
