import { type Command, Option } from "commander";
import { BoardsError } from "../../boards/boards";
import { MANUAL_STEPS } from "../../boards/hardwareChecks";
import {
  checkClock,
  checkEsptool,
  checkKeyfob,
  checkNode,
  checkPorts,
  checkServer,
  type Finding,
  UDEV_RULE,
} from "../../desk/doctor";
import { checkSoldering } from "../../desk/soldering";
import { parseProxy } from "../../feed/proxy";
import { listCandidates } from "../../keyfob/ports";
import { addPortOption, atDesk, namedPort, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { note, print, printJson, printLine } from "../output";

interface Options extends PortChoice {
  server?: string;
  proxy?: string;
  udev?: boolean;
  hardware?: boolean;
  board?: string;
  json?: boolean;
}

const MARKS = { ok: "ok  ", warning: "note", problem: "FAIL" } as const;

/** `chirpfob doctor`: what does not work, and how to mend it. */
export function addDoctorCommand(program: Command): void {
  addPortOption(
    program
      .command("doctor")
      .description("check this computer, the port, the keyfob and the server, and say how to mend what is wrong")
      .option("--server <url>", "check this exposure service too")
      .option("--proxy <url>", "reach it through this SOCKS5 proxy")
      .addOption(
        new Option("--udev", "only print the udev rule that gives you the serial ports").conflicts([
          "json",
          "hardware",
        ]),
      )
      .option("--hardware", "watch the device for a minute and check its soldering")
      .option("--board <id>", "with --hardware: what board it is (chirpfob boards)")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob doctor --server https://exposure.example.org"),
  ).action(async (options: Options) => {
    if (options.board !== undefined && !options.hardware)
      throw new CliError(EXIT.usage, "--board says whose soldering to check: it needs --hardware");
    if (options.udev) {
      print(UDEV_RULE);
      return;
    }
    const findings = await examine(options);
    if (options.json) printJson(findings);
    else printFindings(findings);
    const problems = findings.filter(({ state }) => state === "problem").length;
    if (problems > 0)
      throw new CliError(
        EXIT.input,
        `${problems} ${problems === 1 ? "thing needs" : "things need"} mending, see above`,
      );
  });
}

async function examine(options: Options): Promise<Finding[]> {
  const port = namedPort(options);
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const ports = await checkPorts(port);
  const usable = port === undefined ? (await listCandidates()).map(({ address }) => address) : [port];
  const findings = [checkNode(process.versions.node), checkClock(Date.now()), await checkEsptool(), ...ports];
  if (ports.every(({ state }) => state === "ok"))
    for (const address of usable) findings.push(...(await checkKeyfob(address, Date.now())));
  if (options.hardware) findings.push(...(await examineSoldering(options)));
  const { server } = options;
  if (server !== undefined) findings.push(...(await atDesk((work) => checkServer(server, proxy, work))));
  return findings;
}

async function examineSoldering(options: Options): Promise<Finding[]> {
  try {
    const findings = await withKeyfob(options, (session) => checkSoldering(session, options.board));
    note(["Left to do by hand:", ...MANUAL_STEPS].join("\n  - "));
    return findings;
  } catch (error) {
    if (error instanceof BoardsError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

function printFindings(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, state, found, mend } of findings) {
    printLine(`${MARKS[state]}  ${what.padEnd(width)}  ${found}`);
    if (mend !== undefined) printLine(`      ${" ".repeat(width)}  to mend: ${mend}`);
  }
  if (findings.some(({ mend }) => mend?.includes("rule below"))) printLine(`\n${UDEV_RULE}`);
}
