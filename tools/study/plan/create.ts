import { createHash, randomBytes } from "node:crypto";
import { encodePermissionNumber, PERMISSION_BYTES } from "../../../protocol/report/permissionNumber";
import { CIRCUITS } from "../circuits/circuits";
import { circuitDigest, parseStudy, type Study, type StudyDescriptor } from "./descriptor";

const ID_BYTES = 16;

/** What whoever organises a study decides. */
export type StudyPlan = Omit<StudyDescriptor, "format" | "id" | "circuitDigest" | "places">;

/**
 * Makes a study and as many invitation numbers as it has places. The descriptor holds digests of the numbers alone, in an order
 * that says nothing of who got which.
 * @throws StudyError if the plan is none
 */
export function createStudy(
  plan: StudyPlan,
  places: number,
): { readonly study: Study; readonly invitations: readonly string[] } {
  const numbers = Array.from({ length: places }, () => randomBytes(PERMISSION_BYTES));
  const descriptor: StudyDescriptor = {
    format: "chirpfob study 1",
    id: randomBytes(ID_BYTES).toString("hex"),
    circuitDigest: circuitDigest(CIRCUITS[plan.circuit]),
    ...plan,
    places: numbers.map((number) => createHash("sha256").update(number).digest("hex")).sort(),
  };
  const study = parseStudy(Buffer.from(`${JSON.stringify(descriptor, null, 1)}\n`), "the new study");
  return { study, invitations: numbers.map(encodePermissionNumber) };
}
