// Takes the DeviceScript VM (WebAssembly) out of @devicescript/cli, exactly as published: the simulator runs the VM that
// developers run, not a build of ours. The VM's memory layout (layout.ts) is known for this one binary only, so any other
// is refused.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The one version of @devicescript/cli whose VM the simulator knows. */
export const PINNED_CLI_VERSION = "2.16.4";

const VM_SECTION = '"runtime/devicescript-vm/built/devicescript-vm.js"(exports, module2) {\n';
const VM_SECTION_END = "\n  }\n});\n";
const VM_SECTION_SHA256 = "7b2c6f18a6a74eb5005aa7e625805520ffd050abeee4ea2794786d698684ff89";
const WASM_DATA_URI = /wasmBinaryFile = "data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)"/;

/** The installed @devicescript/cli is not the one that the simulator knows; the message says what to do. */
export class VmBundleError extends Error {
  override readonly name = "VmBundleError";
}

/**
 * The WebAssembly binary of the VM inside the text of the CLI's bundle (devicescript-cli.cjs).
 *
 * @throws VmBundleError if the VM in it is not the pinned one
 */
export function extractVm(bundle: string): Uint8Array<ArrayBuffer> {
  const start = bundle.indexOf(VM_SECTION);
  const end = bundle.indexOf(VM_SECTION_END, start);
  if (start < 0 || end < 0) throw refusal("it holds no DeviceScript VM where the simulator looks for it");
  if (bundle.indexOf(VM_SECTION, start + 1) >= 0) throw refusal("it holds the DeviceScript VM twice");
  const section = bundle.slice(start + VM_SECTION.length, end);
  const digest = createHash("sha256").update(section).digest("hex");
  if (digest !== VM_SECTION_SHA256)
    throw refusal(
      `its DeviceScript VM has SHA-256 ${digest.slice(0, 16)}..., not ${VM_SECTION_SHA256.slice(0, 16)}...`,
    );
  const wasm = WASM_DATA_URI.exec(section)?.[1] ?? "";
  return new Uint8Array(Buffer.from(wasm, "base64"));
}

let compiled: WebAssembly.Module | undefined;

/** The VM of the installed CLI, compiled once a thread; every device is an instance of it. @throws VmBundleError */
export function vmModule(): WebAssembly.Module {
  if (!compiled) {
    const path = createRequire(import.meta.url).resolve("@devicescript/cli/built/devicescript-cli.cjs");
    compiled = new WebAssembly.Module(extractVm(readFileSync(path, "utf8")));
  }
  return compiled;
}

/** Uses a module that another thread compiled, instead of reading and compiling the bundle again. */
export function adoptVmModule(module: WebAssembly.Module): void {
  compiled = module;
}

function refusal(what: string): VmBundleError {
  return new VmBundleError(
    `The simulator needs the VM of @devicescript/cli ${PINNED_CLI_VERSION} and refuses this one: ${what}. ` +
      `Run "npm ci" to install the pinned version. If you mean to move to a newer one, measure its VM layout anew ` +
      `(tools/sim/vm/layout.ts) and update the digest in tools/sim/vm/bundle.ts.`,
  );
}
