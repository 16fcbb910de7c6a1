// What people give to a study, as JSON (docs/study.md, "Files"); checked here, typed values inside.

import { z } from "zod";
import { FormatError } from "../../../protocol/base/formatError";
import { HOUR_MINUTES, MAX_U32 } from "../../../protocol/base/time";
import { SEED_BYTES } from "../../../protocol/beacon/chirp";
import { decodeRow, ROW_BYTES } from "../../../protocol/log/contactRow";
import { StudyError } from "../base/errors";
import type { ChirpsData } from "../circuits/chirpsRecords";
import { type CollisionData, MAX_TIME } from "../circuits/collisionRecords";
import { readJson } from "./descriptor";

const MAX_PEOPLE = 1_000_000;
const MAX_ENCOUNTERS = 20_000;
const MAX_KEYFOB_RECORDS = 500_000;
const MAX_HOUR = Math.floor(MAX_U32 / HOUR_MINUTES);

const id = z.string().min(1).max(80);
const number = z.int().min(0).max(MAX_U32);
const time = z.int(`must be a whole number from 0 to ${MAX_TIME}`).min(0).max(MAX_TIME);
const limit = z.int().min(0).max(MAX_U32).nullish();

const health = { infected: z.boolean(), from: limit, until: limit };
const encounter = { t0: time, dummy: z.boolean().optional() };
const participantSchema = z.strictObject({
  id,
  ...health,
  encounters: z.array(z.strictObject({ with: id, ...encounter })).max(MAX_ENCOUNTERS),
});
const hour = z.int().min(0).max(MAX_HOUR);
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`), `must be ${bytes} bytes in hexadecimal`);
const keyfobData = {
  infectious: z.tuple([number, number]).nullable(),
  seeds: z.array(z.strictObject({ hour, seed: hex(SEED_BYTES) })).max(MAX_KEYFOB_RECORDS),
  rows: z.array(z.strictObject({ hour, row: hex(ROW_BYTES) })).max(MAX_KEYFOB_RECORDS),
};
const keyfobSchema = z.strictObject({ id, ...keyfobData });

const cohortSchema = z.discriminatedUnion("circuit", [
  z.strictObject({ circuit: z.literal("collision"), participants: z.array(participantSchema).min(1).max(MAX_PEOPLE) }),
  z.strictObject({ circuit: z.literal("chirps"), keyfobs: z.array(keyfobSchema).min(1).max(MAX_PEOPLE) }),
]);
const ownCollisionSchema = z.strictObject({
  number,
  ...health,
  encounters: z.array(z.strictObject({ with: number, ...encounter })).max(MAX_ENCOUNTERS),
});
const ownChirpsSchema = z.strictObject(keyfobData);

/** A cohort for a simulated study. */
export type Cohort =
  | { readonly circuit: "collision"; readonly ids: readonly string[]; readonly people: readonly CollisionData[] }
  | { readonly circuit: "chirps"; readonly ids: readonly string[]; readonly people: readonly ChirpsData[] };

/** Reads a cohort file. @throws StudyError */
export function parseCohort(bytes: Buffer, file: string): Cohort {
  const cohort = readJson(cohortSchema, bytes, file);
  const members = cohort.circuit === "collision" ? cohort.participants : cohort.keyfobs;
  const ids = members.map((member) => member.id);
  const numbers = new Map<string, number>();
  for (const name of ids) {
    if (numbers.has(name)) throw new StudyError(`${file} has two participants with the id "${name}": ids must differ`);
    numbers.set(name, numbers.size);
  }
  if (cohort.circuit === "chirps")
    return { circuit: "chirps", ids, people: cohort.keyfobs.map((keyfob) => chirpsDataOf(keyfob, file)) };
  /** Whoever was met and is not in the cohort has a number of their own, which nobody owns. */
  const numberOf = (name: string): number => {
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  const people = cohort.participants.map((person) => ({
    ...collisionDataOf(person, numberOf(person.id), file),
    encounters: person.encounters.map((e) => ({ with: numberOf(e.with), t0: e.t0, dummy: e.dummy ?? false })),
  }));
  return { circuit: "collision", ids, people };
}

/** Reads one participant's own data for `collision`. @throws StudyError */
export function parseOwnCollision(bytes: Buffer, file: string): CollisionData {
  const own = readJson(ownCollisionSchema, bytes, file);
  return {
    ...collisionDataOf(own, own.number, file),
    encounters: own.encounters.map((e) => ({ ...e, dummy: e.dummy ?? false })),
  };
}

/** Reads what a simulated keyfob holds, for `chirps`. @throws StudyError */
export function parseOwnChirps(bytes: Buffer, file: string): ChirpsData {
  return chirpsDataOf(readJson(ownChirpsSchema, bytes, file), file);
}

function collisionDataOf(
  {
    infected,
    from,
    until,
  }: { readonly infected: boolean; readonly from?: number | null; readonly until?: number | null },
  ownNumber: number,
  file: string,
): Omit<CollisionData, "encounters"> {
  if (from != null && until != null && until < from)
    throw new StudyError(`${file}: somebody is infectious until ${until}, before ${from}, when it begins`);
  return { number: ownNumber, infected, from: from ?? undefined, until: until ?? undefined };
}

function chirpsDataOf({ infectious, seeds, rows }: z.infer<typeof ownChirpsSchema>, file: string): ChirpsData {
  if (infectious && infectious[1] < infectious[0])
    throw new StudyError(
      `${file}: somebody is infectious until minute ${infectious[1]}, before ${infectious[0]}, when it begins`,
    );
  return {
    infectious: infectious ?? undefined,
    seeds: seeds.map(({ hour: at, seed }) => ({ hour: at, seed: Buffer.from(seed, "hex") })),
    rows: rows.map(({ hour: at, row }) => {
      try {
        return { hour: at, row: decodeRow(Buffer.from(row, "hex")) };
      } catch (error) {
        if (error instanceof FormatError)
          throw new StudyError(`${file} has a row that is none (${row}): ${error.message}`);
        throw error;
      }
    }),
  };
}
