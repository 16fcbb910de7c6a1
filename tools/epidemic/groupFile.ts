// The file of `chirpfob model seir --groups`: docs/model.md, "Groups".

import { z } from "zod";
import { personName, readModelFile } from "./inputFile";
import type { MeanFieldModel } from "./meanField";
import { ModelError } from "./modelError";

const MAX_GROUPS = 50;
const MAX_RATE = 1e6;

const share = z.number().min(0).max(1);
const rates = z.array(z.array(z.number().min(0).max(MAX_RATE)));

const GROUP_FILE = z.strictObject({
  groups: z
    .array(z.strictObject({ name: personName, share, e0: share.default(0), i0: share.default(0) }))
    .min(1, "there must be at least one group")
    .max(MAX_GROUPS),
  beta: rates,
  moves: rates.optional(),
});

/** Reads groups and the rates between them. @throws ModelError */
export function readGroups(text: string, name: string): Pick<MeanFieldModel, "groups" | "beta" | "moves"> {
  const { groups, beta, moves } = readModelFile(GROUP_FILE, text, name);
  const together = groups.reduce((sum, group) => sum + group.share, 0);
  if (Math.abs(together - 1) > 1e-9)
    throw new ModelError(`${name}: the shares of the groups must add up to 1, not ${together}`);
  for (const { name: group, e0, i0 } of groups)
    if (e0 + i0 > 1) throw new ModelError(`${name}: group ${group} has an e0 and i0 of more than 1 together`);
  if (new Set(groups.map((group) => group.name)).size < groups.length)
    throw new ModelError(`${name}: two groups have the same name`);
  const wrong = Object.entries({ beta, ...(moves ? { moves } : {}) }).find(
    ([, matrix]) => matrix.length !== groups.length || matrix.some((row) => row.length !== groups.length),
  );
  if (wrong)
    throw new ModelError(
      `${name}: ${wrong[0]} must have ${groups.length} rows of ${groups.length} rates, one for each group`,
    );
  return { groups, beta, moves };
}
