import type { Command } from "commander";
import type { KeySummary } from "../../exposure/feeds/keyRing";
import { addStorageOptions, request, type StorageOptions } from "../exposureOptions";
import { note, printJson, printLine } from "../output";

/** What each subcommand says it does. */
const ACTIONS = {
  generate: "make the region's first signing key",
  rotate: "replace the signing key; the old one endorses the new and is destroyed",
  show: "print the public key that keyfobs of this region need",
} as const;

/** `chirpfob keys generate|rotate|show`: a region's signing key. */
export function addRegionKeyCommands(program: Command): void {
  // `keys` also holds the command that gives a keyfob a region's key.
  const keys =
    program.commands.find((command) => command.name() === "keys") ??
    program.command("keys").description("signing keys of regions");
  for (const [name, description] of Object.entries(ACTIONS) as [keyof typeof ACTIONS, string][])
    addStorageOptions(keys.command(name))
      .description(description)
      .option("--json", "print JSON")
      .addHelpText("after", `\nExample:\n  chirpfob keys ${name} --data ./county`)
      .action(async (options: StorageOptions) => {
        const summary = await request(options, { do: `keys-${name}` as const });
        if (options.json) printJson(summary);
        else print(summary);
      });
}

function print({ publicKey, keyId, keys }: KeySummary): void {
  if (publicKey === undefined) note("this data directory holds no signing key, so it serves but does not publish");
  else printLine(publicKey);
  if (keyId !== undefined) note(`key id ${keyId}; ${keys.length} keys so far`);
}
