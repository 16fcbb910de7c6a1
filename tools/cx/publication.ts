// What a publication says (CX architecture specification, "Publications"): TBSPublicationData, DER.

import {
  Boolean as Asn1Boolean,
  Constructed,
  GeneralizedTime,
  Integer,
  OctetString,
  Sequence,
  Utf8String,
} from "asn1js";
import { isGeneratorType, MAX_CONTACT_IDS, seedBytesOf } from "../../protocol/beacon/cxGenerator";
import {
  CxError,
  type DerValue,
  isUniversal,
  malformed,
  octetsOf,
  readDer,
  sequenceOf,
  TAG,
  textOf,
  wholeOf,
} from "./der";
import { readExtensions, type SeedUse, writeExtensions } from "./extensions";

/** Alert levels by their number; a reader treats other numbers as 3. */
export const ALERT_LEVELS = [
  "no-alert",
  "debug-alert",
  "expired",
  "unknown-alert",
  "symptomatic",
  "diagnosed",
] as const;

export type AlertLevelName = (typeof ALERT_LEVELS)[number];

const UNKNOWN_ALERT = 3;

/** A seed and what is said of it. */
export interface PublishedSeed {
  readonly generatorType: number;
  readonly seed: Buffer;
  readonly alertLevel: number;
  readonly use?: SeedUse | undefined;
}

/** All times are Unix seconds. */
export interface Publication {
  readonly version: number;
  /** URL of the publisher whose zone it is for. */
  readonly zone: string;
  /** FALSE in what one publisher makes for others, so that nobody feeds aggregates into aggregates. */
  readonly aggregated: boolean;
  readonly publishedAt: number;
  readonly nextUpdateNotBefore: number;
  readonly nextUpdateNotAfter: number;
  /** In a delta: what was published at the same level in a version older than this is left out. */
  readonly excludesPublishedBefore: number | undefined;
  readonly seeds: readonly PublishedSeed[];
  /** Notifications of generator types that are not known here: their seeds cannot be told apart. */
  readonly unknownTypes: readonly {
    readonly generatorType: number;
    readonly alertLevel: number;
    readonly bytes: number;
  }[];
  readonly updateUrls: readonly string[];
  readonly unknownExtensions: readonly string[];
}

/** Name of a level; "unknown-alert" for numbers that CX does not define. */
export function alertLevelName(level: number): AlertLevelName {
  return ALERT_LEVELS[level] ?? ALERT_LEVELS[UNKNOWN_ALERT];
}

const MAX_NODES = 2_000_000;

/** What stands for a seed whose day nobody said, beside others. */
const NOT_KNOWN: SeedUse = { iterations: MAX_CONTACT_IDS, day: 0 };

/** @throws CxError "format", "time" or "seeds" */
export function readPublication(der: Buffer): Publication {
  const fields = [...sequenceOf(readDer(der, MAX_NODES), "the publication", 7)];
  const version = wholeOf(fields.shift(), "the version");
  const zone = textOf(fields.shift(), "the zone");
  const aggregated = isUniversal(fields[0], TAG.boolean) ? (fields.shift() as DerValue).content[0] !== 0 : true;
  const publishedAt = timeOf(fields.shift(), "publishedAt");
  const nextUpdateNotBefore = timeOf(fields.shift(), "nextUpdateNotBefore");
  const nextUpdateNotAfter = timeOf(fields.shift(), "nextUpdateNotAfter");
  const excludesPublishedBefore = isUniversal(fields[0], TAG.generalizedTime)
    ? timeOf(fields.shift(), "excludesPublishedBefore")
    : undefined;
  const notifications = sequenceOf(fields.shift(), "the notifications").map(readNotification);
  const updateUrls = sequenceOf(fields.shift(), "the update URLs").map((url) => textOf(url, "an update URL"));
  const known = notifications.flatMap(({ seeds }) => seeds);
  if (new Set(known.map(keyOfSeed)).size !== known.length) throw new CxError("seeds", "a seed stands twice");
  const { uses, unknown } = readExtensions(fields, known.length);
  return {
    version,
    zone,
    aggregated,
    publishedAt,
    nextUpdateNotBefore,
    nextUpdateNotAfter,
    excludesPublishedBefore,
    seeds: known.map((seed, i) => ({ ...seed, use: uses?.[i]?.day === NOT_KNOWN.day ? undefined : uses?.[i] })),
    unknownTypes: notifications.flatMap(({ unknownType }) => unknownType ?? []),
    updateUrls,
    unknownExtensions: unknown,
  };
}

/** What names a seed: the same bytes under another type are another seed. */
export function keyOfSeed({ generatorType, seed }: Pick<PublishedSeed, "generatorType" | "seed">): string {
  return `${generatorType}:${seed.toString("hex")}`;
}

/** What a publication is written from: version and remarks on what was not understood are the writer's own. */
export type PublicationToWrite = Omit<Publication, "version" | "unknownTypes" | "unknownExtensions">;

/**
 * Writes a publication: one notification for each level and type, the seeds in order of their bytes, so that no order tells
 * when or with which others a seed was reported. Days and counts go with it if any seed has them.
 */
export function writePublication(publication: PublicationToWrite): Buffer {
  const { zone, aggregated, publishedAt, nextUpdateNotBefore, nextUpdateNotAfter, excludesPublishedBefore } =
    publication;
  const sorted = [...publication.seeds].sort(inFileOrder);
  const groups = new Map<string, PublishedSeed[]>();
  for (const seed of sorted) {
    const name = `${seed.alertLevel} ${seed.generatorType}`;
    groups.set(name, [...(groups.get(name) ?? []), seed]);
  }
  const uses = sorted.some(({ use }) => use !== undefined) ? sorted.map(({ use }) => use ?? NOT_KNOWN) : [];
  return Buffer.from(
    new Sequence({
      value: [
        new Integer({ value: 1 }),
        new Utf8String({ value: zone }),
        ...(aggregated ? [] : [new Asn1Boolean({ value: false })]),
        generalizedTime(publishedAt),
        generalizedTime(nextUpdateNotBefore),
        generalizedTime(nextUpdateNotAfter),
        ...(excludesPublishedBefore === undefined ? [] : [generalizedTime(excludesPublishedBefore)]),
        new Sequence({ value: [...groups.values()].map(notificationOf) }),
        new Sequence({ value: publication.updateUrls.map((value) => new Utf8String({ value })) }),
        ...(uses.length === 0
          ? []
          : [
              new Constructed({
                idBlock: { tagClass: 3, tagNumber: 0 },
                value: [new Sequence({ value: [writeExtensions(uses)] })],
              }),
            ]),
      ],
    }).toBER(),
  );
}

/** `yyyymmddhhmmssZ` of Unix seconds. */
export function formatGeneralizedTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, "");
}

/** Unix seconds of `yyyymmddhhmmssZ`, or undefined: fractions, other zones and days that are not in the calendar are not read. */
export function parseGeneralizedTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) || formatGeneralizedTime(ms / 1000) !== text ? undefined : ms / 1000;
}

interface Notification {
  readonly seeds: PublishedSeed[];
  readonly unknownType?: Publication["unknownTypes"][number];
}

function readNotification(notification: DerValue): Notification {
  const [level, type, values] = sequenceOf(notification, "a notification", 3);
  const alertLevel = wholeOf(level, "an alert level");
  const generatorType = wholeOf(type, "a generator type");
  const bytes = octetsOf(values, "the seed values");
  if (!isGeneratorType(generatorType))
    return { seeds: [], unknownType: { generatorType, alertLevel, bytes: bytes.length } };
  const seedBytes = seedBytesOf(generatorType);
  if (bytes.length % seedBytes !== 0)
    throw new CxError("seeds", `${bytes.length} bytes are no whole number of seeds of ${seedBytes} bytes`);
  const seeds = Array.from({ length: bytes.length / seedBytes }, (_, i) => ({
    generatorType,
    alertLevel,
    seed: bytes.subarray(i * seedBytes, (i + 1) * seedBytes),
  }));
  return { seeds };
}

function notificationOf(seeds: readonly PublishedSeed[]): Sequence {
  const [{ alertLevel, generatorType }] = seeds as [PublishedSeed];
  return new Sequence({
    value: [
      new Integer({ value: alertLevel }),
      new Integer({ value: generatorType }),
      new OctetString({ valueHex: Buffer.concat(seeds.map(({ seed }) => seed)) }),
    ],
  });
}

function inFileOrder(a: PublishedSeed, b: PublishedSeed): number {
  return a.alertLevel - b.alertLevel || a.generatorType - b.generatorType || a.seed.compare(b.seed);
}

function timeOf(value: DerValue | undefined, what: string): number {
  if (!isUniversal(value, TAG.generalizedTime)) throw malformed(`${what} must be a GeneralizedTime`);
  const seconds = parseGeneralizedTime(value.content.toString("latin1"));
  if (seconds === undefined) throw new CxError("time", `${what} must be yyyymmddhhmmssZ, without fractions`);
  return seconds;
}

function generalizedTime(unixSeconds: number): GeneralizedTime {
  return new GeneralizedTime({ valueDate: new Date(unixSeconds * 1000) });
}
