// devs.config.json: what a deployment chooses for the two programs of a device. Which boards can be which is in boards.json.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { programFile } from "../base/root";

const BUILDS_FILE = programFile("devs.config.json");

/** Values that are compiled in, with the ranges of services/keyfob.md. Transmit power is the board's: boards.json. */
const tunables = z.strictObject({
  chirpIntervalMs: z.int().min(100).max(10_240),
  scanIntervalMs: z.int().min(10).max(10_240),
  scanWindowMs: z.int().min(10).max(10_240),
  rssiFloorDbm: z.int().min(-127).max(20),
  companyId: z.int().min(0).max(0xffff),
  retentionDays: z.int().min(1).max(90).optional(),
});

const build = z
  .strictObject({
    /** Where the values come from, for whoever changes them. */
    why: z.string().min(1),
    entry: z.string().regex(/^(firmware|repeater)\/.+\.ts$/, "must be a program of firmware/ or repeater/"),
    tunables,
    regionKeys: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits")),
  })
  .refine(({ tunables: t }) => t.scanWindowMs <= t.scanIntervalMs, {
    message: "must not be longer than scanIntervalMs",
    path: ["tunables", "scanWindowMs"],
  });

const builds = z.strictObject({ wearable: build, repeater: build });

/** The two programs that a device can run. */
export const ROLES = ["wearable", "repeater"] as const;

export type Role = (typeof ROLES)[number];

/** How one of them is built, and which region keys `chirpfob flash` gives it. */
export type Build = z.infer<typeof build>;

/** devs.config.json cannot be used; the message names the file, the value and what it must be. */
export class BuildsError extends Error {
  override readonly name = "BuildsError";
}

/** How a role is built. @throws BuildsError */
export function buildOf(role: Role): Build {
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
