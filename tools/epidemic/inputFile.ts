import { z } from "zod";
import { ModelError } from "./modelError";

/** Checks the text of a JSON file against its schema. @param name what to call it in errors. @throws ModelError */
export function readModelFile<T extends z.ZodType>(schema: T, text: string, name: string): z.infer<T> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new ModelError(`${name} is not JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("") ?? "";
  throw new ModelError(
    `${name}${where === "" ? "" : ` at ${where.replace(/^\./, "")}`}: ${issue?.message ?? "not valid"}`,
  );
}

/** Names are printed: none may move a terminal's cursor or turn the writing around. */
export const personName = z
  .string()
  .min(1, "a name must not be empty")
  .max(64, "a name must not be longer than 64 characters")
  .regex(/^[^\p{Cc}\p{Cf}\uFFFD]+$/u, "a name must be printable");
