// Compiles DeviceScript programs with the stock `devs build`. The compiler keeps one working folder per project
// (.devicescript) and rewrites node_modules/@devicescript, so builds take turns and their output moves to build/.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, posix } from "node:path";
import { promisify } from "node:util";
import { lockFile } from "../base/lock";
import { PROGRAM_ROOT, programFile } from "../base/root";
import { shortNamesSource } from "./shortNames";

const OUT = programFile("build");
const COMPILER_OUTPUT = programFile(".devicescript/bin");
/** What is compiled: of each program its names, and a file that imports these and the program. */
const STARTS = "build/starts";
/** The types of our services, which the compiler writes among its own, and the stamp of the services they are of. */
const SERVICE_TYPES = programFile("node_modules/@devicescript/core/src/devicescript-spec.d.ts");
const TYPES_STAMP = join(OUT, "types.stamp");

/** A compiled program: the image that a device runs, and what the compiler knows about it. */
export interface Bytecode {
  /** The `.devs` image, as deployed. */
  readonly image: Buffer;
  /** Path of the `.devs` file, under build/. */
  readonly file: string;
  /** Path of the compiler's `-dbg.json`, which maps program counters to source lines. */
  readonly debugFile: string;
}

/** The compiler refused the program; the message carries its diagnostics. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/**
 * Compiles the DeviceScript program `entry` (path from the project's root) into build/`name`.devs, or returns the image
 * of an earlier build if no source file changed since.
 *
 * @throws BuildError with the compiler's diagnostics
 */
export async function buildBytecode(name: string, entry: string): Promise<Bytecode> {
  const file = join(OUT, `${name}.devs`);
  const debugFile = join(OUT, `${name}-dbg.json`);
  const stampFile = join(OUT, `${name}.stamp`);
  const names = shortNamesSource(await Promise.all([...(await sourcesOf(entry))].map(readSource)));
  const stamp = await fingerprint(entry, names);
  const isBuilt = async (): Promise<boolean> => (await readFile(stampFile, "utf8").catch(() => "")) === stamp;
  const built = async (): Promise<Bytecode> => ({ image: await readFile(file), file, debugFile });
  // What is built already need not wait until other programs are: a build takes its stamp away before it touches the image.
  if (await isBuilt()) {
    const bytecode = await built();
    if (await isBuilt()) return bytecode;
  }
  await mkdir(OUT, { recursive: true });
  const unlock = await lockFile(join(OUT, "compiler.lock"));
  try {
    if (!(await isBuilt())) {
      await rm(stampFile, { force: true });
      await compile(await writeStart(name, entry, names));
      await copyFile(join(COMPILER_OUTPUT, "bytecode.devs"), file);
      await copyFile(join(COMPILER_OUTPUT, "bytecode-dbg.json"), debugFile);
      await writeFile(stampFile, stamp);
    }
    return await built();
  } finally {
    await unlock();
  }
}

/**
 * Has the compiler write what a type check of device code needs: DeviceScript's types and those of services/. It does so with
 * every program, here with an empty one, and not again before a service changes.
 *
 * @throws BuildError with the compiler's diagnostics
 */
export async function writeDeviceTypes(): Promise<void> {
  const entry = "build/empty.ts";
  await mkdir(OUT, { recursive: true });
  const unlock = await lockFile(join(OUT, "compiler.lock"));
  try {
    const stamp = await readFile(TYPES_STAMP, "utf8").catch(() => "");
    if (existsSync(SERVICE_TYPES) && stamp === (await servicesFingerprint())) return;
    await writeFile(programFile(entry), 'console.log("");\n');
    await compile(entry);
  } finally {
    await unlock();
  }
}

/** Writes what the compiler starts from: the program, after its names. @returns its path from the project's root */
async function writeStart(name: string, entry: string, names: string): Promise<string> {
  const start = `${STARTS}/${name}.ts`;
  await mkdir(programFile(STARTS), { recursive: true });
  await writeFile(programFile(`${STARTS}/${name}-names.ts`), names);
  const program = posix.relative(STARTS, entry).replace(/\.ts$/, "");
  await writeFile(programFile(start), `import "./${name}-names";\nimport "${program}";\n`);
  return start;
}

async function compile(entry: string): Promise<void> {
  const cli = createRequire(import.meta.url).resolve("@devicescript/cli/devicescript");
  await rm(join(COMPILER_OUTPUT, "bytecode.devs"), { force: true });
  await rm(TYPES_STAMP, { force: true });
  try {
    await promisify(execFile)(process.execPath, [cli, "build", "--no-colors", entry], { cwd: PROGRAM_ROOT });
    await readFile(join(COMPILER_OUTPUT, "bytecode.devs"));
    await writeFile(TYPES_STAMP, await servicesFingerprint());
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new BuildError(`devs build ${entry} failed:\n${stdout}${stderr}`.trim());
  }
}

/** SHA-256 over everything that the program is made of, so that an unchanged program is not compiled again. */
async function fingerprint(entry: string, names: string): Promise<string> {
  const services = await readdir(programFile("services"));
  return await hashOf(entry + names, [...services.map((name) => `services/${name}`), ...(await sourcesOf(entry))]);
}

/** The same over what the types of our services are made of. */
async function servicesFingerprint(): Promise<string> {
  return await hashOf(
    "",
    (await readdir(programFile("services"))).map((name) => `services/${name}`),
  );
}

async function hashOf(entry: string, paths: string[]): Promise<string> {
  const hash = createHash("sha256").update(entry);
  hash.update(await readFile(programFile("package-lock.json")));
  for (const path of paths.sort()) hash.update(`\0${path}\0`).update(await readFile(programFile(path)));
  return hash.digest("hex");
}

/** The program's own source files: the entry, and what it imports by relative paths. */
async function sourcesOf(entry: string): Promise<Set<string>> {
  const found = new Set([entry]);
  for (const path of found) {
    const text = await readSource(path);
    for (const [, specifier = ""] of text.matchAll(/\b(?:from|import)\s+"(\.[^"]+)"/g))
      found.add(`${posix.join(posix.dirname(path), specifier)}.ts`);
  }
  return found;
}

async function readSource(path: string): Promise<string> {
  return await readFile(programFile(path), "utf8");
}
