import { Argument, type Command } from "commander";
import { change } from "../../desk/change";
import type { Keyfob } from "../../keyfob/keyfob";
import { KeyfobError } from "../../keyfob/keyfobError";
import { CONFIG_NAMES, type ConfigName, type ConfigValue } from "../../keyfob/keyfobWire";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { printJson, printRows } from "../output";
import { parseWhole } from "../parse";

type Options = PortChoice & { json?: boolean };

/** `chirpfob config get|set`: the values of services/keyfob.md by name. */
export function addConfigCommand(program: Command): void {
  const config = program.command("config").description("read and change the keyfob's configuration");
  addPortOption(
    config
      .command("get")
      .description("print one value, or all that this device has")
      .addArgument(new Argument("[name]", "which value").choices(CONFIG_NAMES))
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob config get chirpIntervalMs"),
  ).action((name: ConfigName | undefined, options: Options) =>
    withKeyfob(options, async ({ keyfob }) =>
      printValues(await read(keyfob, name ? [name] : CONFIG_NAMES, name !== undefined), options),
    ),
  );
  addPortOption(
    config
      .command("set")
      .description("change one value; it lasts through restarts")
      .addArgument(new Argument("<name>", "which value").choices(CONFIG_NAMES))
      .argument("<value>", "a whole number (a negative one after --)")
      .option("--json", "print JSON")
      .addHelpText(
        "after",
        "\nExamples:\n  chirpfob config set snoozeMinutes 90\n  chirpfob config set rssiFloorDbm -- -85",
      ),
  ).action((name: ConfigName, text: string, options: Options) => {
    const value = parseWhole(name, text, -0x80000000, 0x7fffffff);
    return withKeyfob(options, async (session) =>
      printValues(await change(session.keyfob, session, () => write(session.keyfob, name, value)), options),
    );
  });
}

/** Sets one value, or says which values it takes. */
export async function write(keyfob: Keyfob, name: ConfigName, value: number): Promise<Map<ConfigName, ConfigValue>> {
  try {
    return new Map([[name, await keyfob.configSet(name, value)]]);
  } catch (error) {
    if (!(error instanceof KeyfobError)) throw error;
    if (error.status === "NoSuchKey") throw absent(name);
    if (error.status !== "OutOfRange") throw error;
    const { min, max, value: current } = await keyfob.configGet(name);
    throw new CliError(EXIT.input, `${name} takes ${min} to ${max}, not ${value}; it stays ${current}`);
  }
}

async function read(keyfob: Keyfob, names: readonly ConfigName[], mustExist: boolean) {
  const values = new Map<ConfigName, ConfigValue>();
  for (const name of names) {
    try {
      values.set(name, await keyfob.configGet(name));
    } catch (error) {
      // A repeater has other keys than a wearable.
      if (!(error instanceof KeyfobError && error.status === "NoSuchKey")) throw error;
      if (mustExist) throw absent(name);
    }
  }
  return values;
}

function absent(name: string): CliError {
  return new CliError(
    EXIT.refused,
    `this device has no ${name}: wearables and repeaters differ; "chirpfob config get" lists what it has`,
  );
}

function printValues(values: ReadonlyMap<ConfigName, ConfigValue>, options: Options): void {
  if (options.json) {
    printJson(Object.fromEntries(values));
    return;
  }
  printRows([...values].map(([name, { value, min, max }]) => [name, String(value).padStart(6), `(${min} to ${max})`]));
}
