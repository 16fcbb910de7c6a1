// What a run and the process of its health department tell each other.

import { join } from "node:path";
import { z } from "zod";

/** ISO 3166 leaves XA to XZ to users: nobody mistakes a simulation's shards for a country's. */
export const REGION = "XA";

/** Reads what the process is told, in its arguments. */
export const authorityStart = z.strictObject({
  /**
   * Of the whole run; without it, it makes one. It removes it if the run that started it is gone, and nobody but it makes it,
   * so that there is none without somebody to remove it.
   */
  folder: z.string().optional(),
  /** 0: any. */
  port: z.int().min(0).max(65_535),
  /** Unix seconds at its start; from then on time goes by as everywhere, until it is told otherwise. */
  nowS: z.int(),
});

/** Where a run lies on disk, which port its service listens on, and what time it is. */
export type AuthorityStart = Readonly<z.infer<typeof authorityStart>>;

/** What the process answers, once. */
export type AuthorityReady = { readonly url: string; readonly folder: string } | { readonly error: string };

/** What time it is now, in Unix seconds, for a process that runs already; it answers with the same when it knows. */
export type AuthorityTime = { readonly nowS: number };

/** The service's part of a run's folder. */
export function dataOf(folder: string): string {
  return join(folder, "service");
}
