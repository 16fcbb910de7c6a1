import type { z } from "zod";
import { ServiceError } from "./errors";

/**
 * What came from outside as a typed value.
 * @param what names the source in the error, for example "federation file county.json"
 * @throws ServiceError that names the first field that is wrong, and what it must be
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys")
    throw new ServiceError(`${what}: ${fieldOf([...issue.path, issue.keys[0] ?? ""])} is unknown`);
  const field = fieldOf(issue?.path ?? []);
  const problem = issue?.message ?? "is not valid";
  throw new ServiceError(field === "" ? `${what} ${problem}` : `${what}: ${field} ${problem}`);
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
