// Packets of services/keyfob.md as typed values. Their layouts come from protocol/keyfob/packets.ts.

import { Purpose, Role, StateFlag, Status } from "../../protocol/keyfob/codes";
import { PACKETS, type PacketField, RECORDS } from "../../protocol/keyfob/packets";

type Fields = Readonly<Record<string, PacketField>>;
type Numeric = "u8" | "u16" | "u32" | "i32";
type Value<Type> = Type extends Numeric
  ? number
  : Type extends "Status"
    ? StatusName
    : Type extends "Role"
      ? RoleName
      : Type extends "Purpose"
        ? PurposeName
        : Type extends "StateFlags"
          ? Record<StateName, boolean>
          : Buffer;
/** A packet's or record's fields by name. */
export type ValuesOf<F> = { readonly [Name in keyof F]: F[Name] extends { type: infer Type } ? Value<Type> : never };

/** Names of the packets. */
export type PacketName = keyof typeof PACKETS;
/** What a command carries besides its `request`. */
export type CommandValues<Name extends PacketName> = Omit<ValuesOf<(typeof PACKETS)[Name]["command"]>, "request">;
/** What a report carries. */
export type ReportValues<Name extends PacketName> = ValuesOf<(typeof PACKETS)[Name]["report"]>;

export type StatusName = keyof typeof Status;
export type RoleName = Uncapitalize<keyof typeof Role> | "unknown";
export type PurposeName = Uncapitalize<keyof typeof Purpose>;
export type StateName = Uncapitalize<keyof typeof StateFlag>;

/** The code of a command or report. */
export function codeOf(name: PacketName): number {
  return PACKETS[name].code;
}

/** The payload of a command. `bytes` may be left out: none. */
export function encodeCommand<Name extends PacketName>(
  name: Name,
  request: number,
  values: CommandValues<Name>,
): Buffer {
  return encodeFields(PACKETS[name].command, { ...values, request });
}

/** Reads a report; undefined if it is shorter than its fields, as one is that a device of another version sends. */
export function decodeReport<Name extends PacketName>(name: Name, data: Buffer): ReportValues<Name> | undefined {
  return decodeFields(PACKETS[name].report, data) as ReportValues<Name> | undefined;
}

/** The `request` that a report repeats; undefined if it is too short to have one. */
export function requestIn(name: PacketName, data: Buffer): number | undefined {
  const { at } = (PACKETS[name].report as { request: PacketField }).request;
  return at + 2 <= data.length ? data.readUInt16LE(at) : undefined;
}

/** Reads records that follow one another; a partial one at the end is ignored. */
export function decodeRecords<Name extends keyof typeof RECORDS>(
  name: Name,
  bytes: Buffer,
): ValuesOf<(typeof RECORDS)[Name]["fields"]>[] {
  const { bytes: length, fields } = RECORDS[name];
  return Array.from(
    { length: Math.floor(bytes.length / length) },
    (_, i) => decodeFields(fields, bytes.subarray(i * length, (i + 1) * length)) as never,
  );
}

/** Writes one record. */
export function encodeRecord<Name extends keyof typeof RECORDS>(
  name: Name,
  values: ValuesOf<(typeof RECORDS)[Name]["fields"]>,
): Buffer {
  return encodeFields(RECORDS[name].fields, values);
}

function encodeFields(fields: Fields, values: Readonly<Record<string, unknown>>): Buffer {
  const parts = Object.entries(fields).map(([name, { at, type }]) => ({ at, bytes: encodeValue(type, values[name]) }));
  return Buffer.concat(parts.sort((a, b) => a.at - b.at).map(({ bytes }) => bytes));
}

function encodeValue(type: string, value: unknown): Buffer {
  if (type === "bytes") return (value as Buffer | undefined) ?? Buffer.alloc(0);
  const length = bytesOf(type);
  if (isArray(type)) {
    if ((value as Buffer).length !== length)
      throw new RangeError(`${(value as Buffer).length} bytes where the keyfob takes ${length}`);
    return value as Buffer;
  }
  const bytes = Buffer.alloc(length);
  const number = type === "Purpose" ? Purpose[capitalized(value as PurposeName)] : ((value as number | undefined) ?? 0);
  if (type === "i32") bytes.writeInt32LE(number);
  else bytes.writeUIntLE(number, 0, length);
  return bytes;
}

function decodeFields(fields: Fields, data: Buffer): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  for (const [name, { at, type }] of Object.entries(fields)) {
    if (type === "bytes") values[name] = Buffer.from(data.subarray(at));
    else if (at + bytesOf(type) > data.length) return undefined;
    else values[name] = decodeValue(type, data.subarray(at, at + bytesOf(type)));
  }
  return values;
}

function decodeValue(type: string, bytes: Buffer): unknown {
  if (isArray(type)) return Buffer.from(bytes);
  const number = type === "i32" ? bytes.readInt32LE() : bytes.readUIntLE(0, bytes.length);
  if (type === "Status") return Status[number] ?? "Malformed";
  if (type === "Role") return lowered(Role[number] ?? "Unknown");
  if (type === "Purpose") return lowered(Purpose[number] ?? "None");
  if (type !== "StateFlags") return number;
  return Object.fromEntries(
    Object.entries(StateFlag)
      .filter(([, bit]) => typeof bit === "number")
      .map(([name, bit]) => [lowered(name), (number & (bit as number)) !== 0]),
  );
}

const BYTES: Readonly<Record<string, number>> = { u16: 2, u32: 4, i32: 4, StateFlags: 2 };

/** Bytes of a type of fixed length; enums take one. */
function bytesOf(type: string): number {
  const count = /^u8\[(\d+)\]$/.exec(type)?.[1];
  return count === undefined ? (BYTES[type] ?? 1) : Number(count);
}

function isArray(type: string): boolean {
  return type.endsWith("]");
}

function lowered(name: string): string {
  return `${name[0]?.toLowerCase()}${name.slice(1)}`;
}

function capitalized<Name extends string>(name: Name): Capitalize<Name> {
  return `${name[0]?.toUpperCase()}${name.slice(1)}` as Capitalize<Name>;
}
