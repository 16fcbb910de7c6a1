// Whether a publication is to be believed, by whom, and what for: the reader's side of the specification's rules on zones and
// times (CX architecture specification, "Publications" and "Publication Retrieval"; docs/cx.md, "Verdicts").

import type { X509Certificate } from "node:crypto";
import { CxError } from "./der";
import { type Publication, readPublication } from "./publication";
import { openPublication } from "./signedPublication";

const DAY_SECONDS = 86_400;

/** Who reads: a device takes what was put together for its zone, a publisher what another one got reports of by itself. */
export type Reader = "observer" | "publisher";

export interface ReadingSituation {
  readonly as: Reader;
  readonly certificate: X509Certificate;
  /** The zone that it must be for; an auditor who has only the file may leave it out. */
  readonly zone: string | undefined;
  /** publishedAt of the last version that was taken, Unix seconds. */
  readonly recorded: number | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** A publication that may be taken. */
export interface Judged {
  readonly publication: Publication;
  /** Whether it is the version that is known already. */
  readonly isKnown: boolean;
  /** When to ask next at the earliest, Unix seconds; undefined where the hint is more than a day ahead and does not count. */
  readonly notBefore: number | undefined;
  /** For people. */
  readonly remarks: readonly string[];
}

/** @throws CxError with the first reason against it; docs/cx.md lists them */
export function judgePublication(bytes: Buffer, situation: ReadingSituation): Judged {
  const publication = readPublication(openPublication(bytes, situation.certificate));
  expectFor(publication, situation);
  expectTimely(publication, situation);
  const { seeds, unknownTypes, nextUpdateNotBefore, publishedAt, excludesPublishedBefore } = publication;
  const isHintUsable = nextUpdateNotBefore <= situation.now + DAY_SECONDS;
  const isKnown = publishedAt === situation.recorded;
  const remarks = [
    ...(isKnown ? ["nothing new"] : []),
    ...unknownTypes.map(
      ({ generatorType }) => `type ${generatorType} is skipped: a newer version of this program may read it`,
    ),
    ...(isHintUsable ? [] : ["nextUpdateNotBefore is disregarded: it is more than 24 hours ahead"]),
    ...(excludesPublishedBefore === undefined && seeds.some(({ alertLevel }) => alertLevel === 2)
      ? ["expired seeds stand in a full publication, which should leave them out"]
      : []),
  ];
  return { publication, isKnown, notBefore: isHintUsable ? nextUpdateNotBefore : undefined, remarks };
}

function expectFor({ zone, aggregated }: Publication, situation: ReadingSituation): void {
  if (situation.zone !== undefined && zone !== situation.zone)
    throw new CxError("zone", `it is for the zone ${zone}, not for ${situation.zone}`);
  if (situation.as === "observer" && !aggregated)
    throw new CxError(
      "aggregated",
      "it holds one publisher's own reports for other publishers: a device needs all of its zone",
    );
  if (situation.as === "publisher" && aggregated)
    throw new CxError(
      "aggregated",
      "it is put together for devices: a publisher that took it up would pass on what others publish",
    );
}

function expectTimely(publication: Publication, { recorded, now }: ReadingSituation): void {
  const { publishedAt, nextUpdateNotAfter, excludesPublishedBefore } = publication;
  if (publishedAt > now + DAY_SECONDS)
    throw new CxError(
      "future",
      "it says that it is published more than 24 hours from now: its publisher's clock or this one is wrong",
    );
  if (recorded !== undefined && publishedAt < recorded)
    throw new CxError("older", "it is older than the version that was taken last: a stale copy, or a replay");
  if (publishedAt === recorded && nextUpdateNotAfter < now)
    throw new CxError("stale", "it is the version known, and a newer one is overdue: the copy is not kept up");
  if (excludesPublishedBefore !== undefined && (recorded === undefined || excludesPublishedBefore >= recorded))
    throw new CxError(
      "gap",
      "it leaves out what was published before, and some of that is not known here: get the full one",
    );
}
