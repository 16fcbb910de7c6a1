import type { Command } from "commander";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { keyIdOf } from "../../../protocol/report/shard";
import { sha256 } from "../../base/sha256";
import { change } from "../../desk/change";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { note, print, printJson } from "../output";
import { parseHex, parseRegion } from "../parse";

type Options = PortChoice & { json?: boolean };

/** `chirpfob keys add|list|remove`: whose shards a keyfob believes. The service's own key commands share the name. */
export function addKeyfobKeyCommands(program: Command): void {
  const keys =
    program.commands.find((command) => command.name() === "keys") ??
    program.command("keys").description("region keys: those a keyfob trusts, and the one a service signs with");
  addPortOption(
    keys
      .command("add")
      .description("let the keyfob trust a region's key; get the key from the region's health service")
      .argument("<region>", "ISO 3166-2 code, such as US-MA")
      .argument("<key>", "public key, 64 hexadecimal digits")
      .option("--json", "print JSON")
      .addHelpText("after", `\nExample:\n  chirpfob keys add US-MA ${"0123456789abcdef".repeat(4)}`),
  ).action((regionText: string, keyText: string, options: Options) => {
    const region = parseRegion(regionText);
    const key = parseHex("the key", keyText, SLH_DSA_PUBLIC_KEY_BYTES);
    return withKeyfob(options, async (session) => {
      const count = await change(session.keyfob, session, () => session.keyfob.addRegionKey(region, key));
      const keyId = keyIdOf(sha256, key).toString("hex");
      if (options.json) printJson({ region, keyId, count });
      else print(`The keyfob trusts key ${keyId} for ${region} (${count} ${count === 1 ? "key" : "keys"} in all).\n`);
    });
  });
  addPortOption(
    keys
      .command("list")
      .description("the region keys that the keyfob trusts, and how far it has checked each region's shards")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob keys list"),
  ).action((options: Options) =>
    withKeyfob(options, async ({ keyfob }) => {
      const held = (await keyfob.regionKeys()).map(({ region, key, lastChunk }) => ({
        region,
        keyId: keyIdOf(sha256, key).toString("hex"),
        key: key.toString("hex"),
        lastChunk: lastChunk ?? null,
      }));
      if (options.json) return printJson(held);
      for (const { region, keyId, lastChunk } of held)
        print(
          `${region.padEnd(6)}  ${keyId}  ${lastChunk === null ? "no shard checked yet" : `checked up to shard ${lastChunk}`}\n`,
        );
      if (held.length === 0) note('The keyfob trusts no region yet: "chirpfob keys add" adds one.');
    }),
  );
  addPortOption(
    keys
      .command("remove")
      .description("let the keyfob no longer trust a key of a region")
      .argument("<region>", "ISO 3166-2 code")
      .argument("[key]", "the key or its id (16 digits), where the region has several")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob keys remove US-MA"),
  ).action((regionText: string, keyText: string | undefined, options: Options) => {
    const region = parseRegion(regionText);
    const wanted = keyText === undefined ? undefined : parseHex("the key", keyText).toString("hex");
    return withKeyfob(options, async (session) => {
      const { keyfob } = session;
      const held = (await keyfob.regionKeys())
        .filter((entry) => entry.region === region)
        .map(({ key }) => ({ key: key.toString("hex"), id: keyIdOf(sha256, key) }))
        .filter(({ key, id }) => wanted === undefined || wanted === key || wanted === id.toString("hex"));
      const [only] = held;
      if (!only)
        throw new CliError(
          EXIT.input,
          `the keyfob holds no such key of ${region}: "chirpfob keys list" shows what it holds`,
        );
      if (held.length > 1)
        throw new CliError(
          EXIT.usage,
          `the keyfob holds ${held.length} keys of ${region}: say which (chirpfob keys remove ${region} ID)`,
        );
      const count = await change(keyfob, session, () => keyfob.removeRegionKey(region, only.id));
      const keyId = only.id.toString("hex");
      if (options.json) printJson({ region, keyId, count });
      else
        print(
          `The keyfob no longer trusts key ${keyId} of ${region} (${count} ${count === 1 ? "key" : "keys"} left).\n`,
        );
    });
  });
}
