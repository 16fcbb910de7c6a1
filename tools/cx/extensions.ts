// Extensions of seed reports and publications, and the one that is ours: how many identifiers of a seed were used, and on
// which day (docs/cx.md, "Days and counts"). Readers that do not know it ignore it, as CX demands.

import { Integer, ObjectIdentifier, Sequence } from "asn1js";
import { MAX_CONTACT_IDS } from "../../protocol/beacon/cxGenerator";
import { CxError, type DerValue, isContext, oidOf, sequenceOf, wholeOf } from "./der";

/** 2.25 and a random UUID: needs no registration (X.667). */
const SEED_USE_OID = "2.25.285426553591612102950215522583637298552";

/** How a seed was used. */
export interface SeedUse {
  /** Identifiers made from it, 1 to 2,048. */
  readonly iterations: number;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
}

/** What the extensions of a file say. */
export interface Extensions {
  /** One for each seed in the file's order, where the file has our extension. */
  readonly uses: readonly SeedUse[] | undefined;
  /** The object identifiers of the others, which are ignored. */
  readonly unknown: readonly string[];
}

/**
 * Reads the extensions among the fields that follow a file's known ones; fields of later versions are passed over.
 * @param seeds how many seeds the file holds
 * @throws CxError "format"
 */
export function readExtensions(later: readonly DerValue[], seeds: number): Extensions {
  const field = later.find((value) => isContext(value, 0));
  if (field === undefined) return { uses: undefined, unknown: [] };
  if (field.children.length !== 1) throw new CxError("format", "the extensions must be one SEQUENCE");
  let uses: SeedUse[] | undefined;
  const unknown: string[] = [];
  for (const extension of sequenceOf(field.children[0], "the extensions", 1)) {
    const [name, parameters] = sequenceOf(extension, "an extension", 1);
    const oid = oidOf(name);
    if (oid !== SEED_USE_OID) unknown.push(oid);
    else if (uses !== undefined) throw new CxError("format", "the extension on days and counts stands twice");
    else uses = readUses(parameters, seeds);
  }
  return { uses, unknown };
}

/** The extensions field [0] of a file with our extension alone. */
export function writeExtensions(uses: readonly SeedUse[]): Sequence {
  const parameters = new Sequence({
    value: uses.map(
      ({ iterations, day }) =>
        new Sequence({ value: [new Integer({ value: iterations }), new Integer({ value: day })] }),
    ),
  });
  return new Sequence({ value: [new ObjectIdentifier({ value: SEED_USE_OID }), parameters] });
}

function readUses(parameters: DerValue | undefined, seeds: number): SeedUse[] {
  const entries = sequenceOf(parameters, "the days and counts");
  if (entries.length !== seeds)
    throw new CxError("format", `days and counts are given for ${entries.length} seeds, but there are ${seeds}`);
  return entries.map((entry) => {
    const [iterations, day] = sequenceOf(entry, "a day and count", 2);
    const use = { iterations: wholeOf(iterations, "a count"), day: wholeOf(day, "a day") };
    if (use.iterations < 1 || use.iterations > MAX_CONTACT_IDS)
      throw new CxError("format", `a count is ${use.iterations}, must be 1 to ${MAX_CONTACT_IDS}`);
    return use;
  });
}
