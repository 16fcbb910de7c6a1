import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasTool, ROOT } from "../../../test/tools";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const OUT = `${ROOT}build/native`;

test.runIf(hasTool("clang"))(
  "libFuzzer finds nothing in a million inputs: no packet breaks the native component, nothing gets past its gate",
  { timeout: 1_800_000 },
  () => {
    execFileSync("make", ["-s", `OUT=${OUT}`, "fuzz"], { cwd: FOLDER, stdio: "pipe" });
    const corpus = `${OUT}/corpus`;
    mkdirSync(corpus, { recursive: true });
    const options = ["-runs=1000000", "-max_len=512", "-print_final_stats=1", `-artifact_prefix=${OUT}/`, corpus];
    // libFuzzer reports on stderr; a finding is a non-zero exit.
    const report = execFileSync("sh", ["-c", '"$0" "$@" 2>&1', `${OUT}/fuzz`, ...options], { encoding: "utf8" });
    const executed = Number(/stat::number_of_executed_units: (\d+)/.exec(report)?.[1]);
    expect(executed).toBeGreaterThanOrEqual(1_000_000);
  },
);

test.runIf(hasTool("riscv64-unknown-elf-gcc"))(
  "the component fits an ESP32-C3: under 5 KB of code, 6 KB of memory",
  () => {
    const table = execFileSync("make", ["-s", `OUT=${OUT}`, "size"], { cwd: FOLDER, encoding: "utf8" });
    const [text = 0, data = 0, bss = 0] = (table.trim().split("\n").at(-1) ?? "").trim().split(/\s+/).map(Number);
    process.stderr.write(`native component for rv32imc: ${text} bytes of code, ${data + bss} bytes of memory\n`);
    expect(text).toBeGreaterThan(1000);
    expect(text).toBeLessThan(5120);
    expect(data + bss).toBeLessThan(6144);
  },
);
