// A participant's side of the circuit `chirps`: what a keyfob would make of its seeds and rows.

import { firstMinuteOfHour, HOUR_MINUTES } from "../../../protocol/base/time";
import { chirpOf } from "../../../protocol/beacon/chirp";
import { Beacon } from "../../../protocol/beacon/sighting";
import { type ContactRow, metadataKeystream, SEALED_BYTES, TAG_BYTES } from "../../../protocol/log/contactRow";
import { TOLERANCE_MINUTES } from "../../../protocol/match/loadedRows";
import { ATTENUATION_CLASSES, type DayAdvice, type ScoreConfig } from "../../../protocol/match/score";
import { nativeSha256 } from "../../base/sha256";
import { chirpsAnswerLayout, KEYSTREAMS } from "./chirps";
import { OWN_FLAG, type Shape } from "./circuit";
import { fillUp, type PlainTable, type RandomWords } from "./records";

export const DAY_MINUTES = 24 * HOUR_MINUTES;
const HEARD_FIELDS = 6;
const OWN_FIELDS = 9;
const HEARD_MINUTE_AT = 16;

export interface ChirpsData {
  /** Minutes in which the wearer was infectious: the first, and the first one after; undefined if at no time. */
  readonly infectious: readonly [from: number, until: number] | undefined;
  readonly seeds: readonly { readonly hour: number; readonly seed: Buffer }[];
  readonly rows: readonly { readonly hour: number; readonly row: ContactRow }[];
}

export interface ChirpsAnswer {
  /** UTC day, counted from 1970-01-01. */
  readonly day: number;
  /** Minutes of direct encounters by attenuation class, closest first. */
  readonly direct: readonly number[];
  readonly shared: number;
  readonly weightedHundredths: number;
  readonly advice: DayAdvice;
}

/** Rows that chirps of a day may match: their minutes may differ by two across midnight, so such a row belongs to both days. */
export function rowsOfDay(data: ChirpsData, day: number): ChirpsData["rows"] {
  const begin = day * DAY_MINUTES - TOLERANCE_MINUTES;
  const end = (day + 1) * DAY_MINUTES + TOLERANCE_MINUTES;
  const known = new Set<string>();
  return data.rows.filter(({ hour, row }) => {
    const minute = firstMinuteOfHour(hour) + row.minuteInHour;
    // Other beacons have identifiers that last, and no seeds here.
    if (row.kind !== Beacon.Pact || minute < begin || minute >= end) return false;
    // A chirp counts once. Two rows of it are left only by a power cut, and the keyfob cannot tell which says more.
    const tag = row.tag.toString("hex");
    const isNew = !known.has(tag);
    known.add(tag);
    return isNew;
  });
}

/** Own minutes of a day: those of its seeds. */
export function minutesOfDay(data: ChirpsData, day: number): { readonly minute: number; readonly seed: Buffer }[] {
  return data.seeds
    .filter(({ hour }) => Math.floor(firstMinuteOfHour(hour) / DAY_MINUTES) === day)
    .flatMap(({ hour, seed }) =>
      Array.from({ length: HOUR_MINUTES }, (_, i) => ({ minute: firstMinuteOfHour(hour) + i, seed })),
    );
}

/** Records of a day. What is above the study's sizes is left out at random, and the wearer must be told. */
export function chirpsTable(data: ChirpsData, day: number, shape: Shape, random: RandomWords): PlainTable {
  const begin = day * DAY_MINUTES;
  const rows = sample(rowsOfDay(data, day), shape.heard, random);
  const heard = rows.map(({ hour, row }) => {
    const minute = firstMinuteOfHour(hour) + row.minuteInHour - begin + 2 * TOLERANCE_MINUTES;
    const sealed = Array.from({ length: SEALED_BYTES }, (_, i) => ((row.sealed[i] as number) << 24) >>> 0);
    return [...tagWords(row.tag), ...sealed, minute * 2 ** HEARD_MINUTE_AT];
  });
  const own = sample(minutesOfDay(data, day), shape.own, random).map(({ minute, seed }) => {
    const chirp = chirpOf(nativeSha256, seed, minute);
    const isInfectious = data.infectious !== undefined && data.infectious[0] <= minute && minute < data.infectious[1];
    const keystreams = Array.from({ length: KEYSTREAMS }, (_, i) => {
      const digest = metadataKeystream(nativeSha256, Beacon.Pact, chirp, minute - TOLERANCE_MINUTES + i);
      return digest.readUIntLE(0, SEALED_BYTES);
    });
    return [isInfectious ? 2 ** OWN_FLAG : 0, ...tagWords(chirp), ...keystreams, minute - begin + TOLERANCE_MINUTES];
  });
  return {
    heard: fillUp(heard, shape.heard, HEARD_FIELDS, random, () => undefined),
    own: fillUp(own, shape.own, OWN_FIELDS, random, (record) => {
      record[0] = 0;
    }),
  };
}

function tagWords(tag: Buffer): [number, number] {
  return [tag.readUInt32LE(0), tag.readUInt32LE(TAG_BYTES / 2)];
}

/** All of a list, or so many of it, drawn evenly. */
function sample<T>(list: readonly T[], most: number, random: RandomWords): readonly T[] {
  if (list.length <= most) return list;
  const lots = random(list.length);
  return list
    .map((item, i) => ({ item, lot: lots[i] as number }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, most)
    .map(({ item }) => item);
}

export function chirpsAnswer(words: Uint32Array, day: number, shape: Shape, score: ScoreConfig): ChirpsAnswer {
  const { countBits, weightedBits } = chirpsAnswerLayout(shape, score);
  let at = 0;
  const take = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++, at++) value += (((words[at >>> 5] as number) >>> (at & 31)) & 1) * 2 ** i;
    return value;
  };
  const direct = Array.from({ length: ATTENUATION_CLASSES }, () => take(countBits));
  const shared = take(countBits);
  const weightedHundredths = take(weightedBits);
  const [isNotice, isAlert] = [take(1), take(1)];
  return { day, direct, shared, weightedHundredths, advice: isAlert ? "alert" : isNotice ? "notice" : "none" };
}
