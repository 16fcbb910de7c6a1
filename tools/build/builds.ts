// devs.config.json: what a deployment chooses for the two programs of a device. Which boards can be which is in boards.json.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { REPEATER_DEFAULTS, WEARABLE_DEFAULTS } from "../../protocol/keyfob/configKeys";
import { CONFIG_TABLE } from "../../protocol/keyfob/configTable";
import { programFile } from "../base/root";

const BUILDS_FILE = programFile("devs.config.json");

type ConfigName = keyof typeof CONFIG_TABLE;
type Chosen = { [Name in ConfigName as (typeof CONFIG_TABLE)[Name]["build"] extends "yes" ? Name : never]?: number };

/** Values that a deployment compiles in, with the ranges of services/keyfob.md. Transmit power is the board's: boards.json. */
const tunables: z.ZodType<Chosen> = z.strictObject(
  Object.fromEntries(
    Object.entries(CONFIG_TABLE)
      .filter(([, { build }]) => build === "yes")
      .map(([name, { least, most }]) => [name, z.int().min(least).max(most).optional()]),
  ),
);

const build = z
  .strictObject({
    /** Where the values come from, for whoever changes them. */
    why: z.string().min(1),
    entry: z.string().regex(/^(firmware|repeater)\/.+\.ts$/, "must be a program of firmware/ or repeater/"),
    tunables,
    regionKeys: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits")),
  })
  .refine(({ tunables: { scanWindowMs = 0, scanIntervalMs = scanWindowMs } }) => scanWindowMs <= scanIntervalMs, {
    message: "must not be longer than scanIntervalMs",
    path: ["tunables", "scanWindowMs"],
  });

const builds = z.strictObject({ wearable: build, repeater: build });

/** The two programs that a device can run. */
export const ROLES = ["wearable", "repeater"] as const;

export type ProgramRole = (typeof ROLES)[number];

/**
 * What a role starts from where nothing was configured: the values by key as JSON text, as the firmware takes them.
 *
 * @param chosen values that replace the defaults of services/keyfob.md
 */
export function configDefaults(role: ProgramRole, chosen: Partial<Record<ConfigName, number>>): string {
  const values = JSON.parse(role === "repeater" ? REPEATER_DEFAULTS : WEARABLE_DEFAULTS) as number[];
  for (const [name, value] of Object.entries(chosen)) values[CONFIG_TABLE[name as ConfigName].key] = value;
  return JSON.stringify(values);
}

/** How one of them is built, and which region keys `chirpfob flash` gives it. */
export type Build = z.infer<typeof build>;

/** devs.config.json cannot be used; the message names the file, the value and what it must be. */
export class BuildsError extends Error {
  override readonly name = "BuildsError";
}

/** How a role is built. @throws BuildsError */
export function buildOf(role: ProgramRole): Build {
  return parseBuilds(readFileSync(BUILDS_FILE, "utf8"))[role];
}

/** Reads the text of a devs.config.json. @throws BuildsError */
export function parseBuilds(text: string): z.infer<typeof builds> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BuildsError(`devs.config.json is not JSON: ${(error as Error).message}`);
  }
  const result = builds.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`);
  throw new BuildsError(`devs.config.json is not valid:\n  ${lines.join("\n  ")}`);
}
