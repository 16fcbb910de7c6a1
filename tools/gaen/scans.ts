// A list of recorded sightings of phones: [{ time, rssi, rpi, aem }].

import { FormatError } from "../../protocol/base/formatError";
import { MAX_U32 } from "../../protocol/base/time";
import { AEM_BYTES, RPI_BYTES } from "../../protocol/beacon/gaen";

/** One advertisement of a phone, as somebody heard it. */
export interface Scan {
  /** Unix seconds. */
  readonly timeS: number;
  /** dBm. */
  readonly rssi: number;
  /** 16 bytes. */
  readonly rpi: Buffer;
  /** 4 bytes. */
  readonly aem: Buffer;
}

/**
 * Reads a list of sightings: `time` in Unix seconds or as an ISO 8601 text with its zone, `rssi` in dBm, `rpi` and `aem` as
 * hexadecimal digits.
 *
 * @throws FormatError that names the entry and what is wrong with it
 */
export function parseScans(text: string): Scan[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError("scans", 0, "is not JSON");
  }
  if (!Array.isArray(value)) throw new FormatError("scans", 0, "must be a list of { time, rssi, rpi, aem }");
  return value.map(parseScan);
}

function parseScan(value: unknown, index: number): Scan {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(`scans.${index}`, 0, "must be an object with time, rssi, rpi and aem");
  const { time, rssi, rpi, aem } = value as Record<string, unknown>;
  if (typeof rssi !== "number" || !(rssi >= -128 && rssi <= 127))
    throw new FormatError(`scans.${index}.rssi`, 0, "must be a number of dBm from -128 to 127");
  return {
    timeS: parseTime(`scans.${index}.time`, time),
    rssi,
    rpi: parseBytes(`scans.${index}.rpi`, rpi, RPI_BYTES),
    aem: parseBytes(`scans.${index}.aem`, aem, AEM_BYTES),
  };
}

/** Seconds of this century fit a u32, milliseconds do not: nobody's list is read a thousand times too late. */
function parseTime(field: string, time: unknown): number {
  const isZoned = typeof time === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(time);
  const seconds = isZoned ? Date.parse(time) / 1000 : time;
  if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= MAX_U32))
    throw new FormatError(field, 0, 'must be Unix seconds, or a time such as "2020-04-02T08:30:00Z"');
  return seconds;
}

function parseBytes(field: string, text: unknown, bytes: number): Buffer {
  if (typeof text !== "string" || text.length !== 2 * bytes || !/^[0-9a-fA-F]*$/.test(text))
    throw new FormatError(field, 0, `must be ${bytes} bytes as ${2 * bytes} hexadecimal digits`);
  return Buffer.from(text, "hex");
}
