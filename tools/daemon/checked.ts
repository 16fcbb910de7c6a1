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
  const field = (issue?.path ?? [])
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
  throw new ServiceError(`${what}: ${field === "" ? "it" : field} ${issue?.message ?? "is not valid"}`);
}
