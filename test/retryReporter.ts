import type { Reporter, TestModule } from "vitest/node";

/** So many tests of a run may pass at a second try only; more say that something is wrong. */
const MOST_RETRIES = 3;

/** Names the tests that passed only when they were tried again, and fails a run with more than a few. */
export default class RetryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) =>
      [...module.children.allTests()]
        .filter((test) => test.result().state === "passed" && (test.diagnostic()?.retryCount ?? 0) > 0)
        .map((test) => `${module.relativeModuleId}: ${test.fullName}`),
    );
    process.stdout.write(`\nTests that passed at a second try only: ${retried.length}\n`);
    for (const name of retried) process.stdout.write(`  ${name}\n`);
    if (retried.length <= MOST_RETRIES) return;
    process.stdout.write(`More than ${MOST_RETRIES}: the run fails.\n`);
    process.exitCode = 1;
  }
}
