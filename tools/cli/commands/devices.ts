import type { Command } from "commander";
import { listCandidates, PORTS_VARIABLE, probeAll } from "../../keyfob/ports";
import { describeProbe } from "../device";
import { note, print, printJson } from "../output";

/** `chirpfob devices`: which ports there are, and what sits on them. */
export function addDevicesCommand(program: Command): void {
  program
    .command("devices")
    .description("list the keyfobs and boards that are plugged in")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `\n${PORTS_VARIABLE} may name further ports, comma separated.\n\nExample:\n  chirpfob devices`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const probes = await probeAll(await listCandidates());
      if (json)
        return printJson(
          probes.map(({ address, description, kind, reason, status }) => ({
            port: address,
            description,
            kind,
            version: status?.version ?? null,
            reason: reason ?? null,
          })),
        );
      for (const probe of probes) print(`${describeProbe(probe)}\n`);
      if (probes.length === 0) note('No keyfob is plugged in. If one is: try another cable, and "chirpfob doctor".');
    });
}
