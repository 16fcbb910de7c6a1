import type { Command } from "commander";
import { DEFAULT_EXPIRY_DAYS, MAX_ISSUE } from "../../exposure/intake/permissions";
import { CliError, EXIT } from "../errors";
import { addStorageOptions, request, type StorageOptions } from "../exposureOptions";
import { note, printJson, printLine } from "../output";
import { parseWhole } from "../parse";

const MAX_DAYS = 365;

interface IssueOptions extends StorageOptions {
  readonly provider: string;
  readonly count: string;
  readonly expires: string;
}

/** `chirpfob permissions`: the numbers that let a person upload. */
export function addPermissionsCommand(program: Command): void {
  const permissions = program.command("permissions").description("issue and revoke the numbers that allow an upload");

  addStorageOptions(permissions.command("issue"))
    .description("make fresh permission numbers for a provider; they are shown only this once")
    .requiredOption("--provider <name>", "clinic or laboratory that hands them out")
    .requiredOption("--count <n>", "how many")
    .option("--expires <days>", "days for which they are good", String(DEFAULT_EXPIRY_DAYS))
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob permissions issue --data ./county --provider 'Elm Street Clinic' --count 20",
    )
    .action(async (options: IssueOptions) => {
      const count = parseWhole("--count", options.count, 1, MAX_ISSUE);
      const expiresDays = parseWhole("--expires", options.expires, 1, MAX_DAYS);
      const issued = await request(options, { do: "issue", provider: options.provider, count, expiresDays });
      if (options.json) printJson(issued);
      else for (const number of issued.numbers) printLine(number);
    });

  addStorageOptions(permissions.command("revoke"))
    .description("withdraw numbers that have not been used")
    .argument("[numbers...]", "permission numbers")
    .option("--provider <name>", "withdraw all of this provider's instead")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob permissions revoke --data ./county --provider 'Elm Street Clinic'")
    .action(async (numbers: string[], options: StorageOptions & { readonly provider?: string }) => {
      if (numbers.length > 0 === (options.provider !== undefined))
        throw new CliError(EXIT.usage, "name either the numbers to withdraw or --provider");
      if (options.provider !== undefined) {
        const { revoked } = await request(options, { do: "revoke-provider", provider: options.provider });
        if (options.json) printJson({ revoked });
        else note(`withdrew ${revoked} numbers`);
        return;
      }
      const { revoked, unknown } = await request(options, { do: "revoke", numbers });
      if (options.json) printJson({ revoked, unknown });
      else note(`withdrew ${revoked} numbers; ${unknown} were used, expired, withdrawn or never issued`);
    });

  addStorageOptions(permissions.command("stats"))
    .description("count each provider's numbers")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob permissions stats --data ./county")
    .action(async (options: StorageOptions) => {
      const stats = await request(options, { do: "permission-stats" });
      if (options.json) return printJson(stats);
      if (stats.length === 0) note("no numbers have been issued yet");
      for (const { provider, issued, unused, used, revoked, expired } of stats)
        printLine(
          `${provider}: ${issued} issued, ${unused} unused, ${used} used, ${revoked} revoked, ${expired} expired`,
        );
    });
}
