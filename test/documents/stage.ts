// Runs the command lines of a document as a newcomer would: in order, as real processes, in a folder of its own.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hourOfSeconds } from "../../protocol/base/time";
import {
  CHIRPFOB,
  freePort,
  type Running,
  start,
  startChirpfob,
  startMicrosocks,
} from "../../tools/cli/test/processes";
import { administer } from "../../tools/exposure/administration";
import { DEFAULT_CONFIG } from "../../tools/exposure/config";
import { type ExposureService, startExposureService } from "../../tools/exposure/service";
import { TestAuthority } from "../../tools/exposure/test/certificates";
import {
  cleanUpLater,
  dataFolder,
  sendUpload,
  sharedPostgres,
  temporaryFolder,
  uploadBytes,
} from "../../tools/exposure/test/fixtures";
import { hasTool, ROOT } from "../tools";
import { type Block, type Chapter, type CommandLine, words } from "./commandLines";
import { needsKeyfob } from "./complaint";
import { ASK, ENDS, GO_ON, NOT_RUN, SUBSTITUTIONS, type Substitutes, VARIES } from "./tables";

const NUMBER = /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}-[0-9A-Z][0-9A-Z*~$=]/g;

/** A busy machine may need long to start what a quick one starts in two seconds. */
const PATIENCE_MS = 300_000;
const LAST_WORDS_MS = 10_000;

/** How a command line went; without `running` it was not run. */
interface End {
  readonly running?: Running;
  readonly complaint?: string;
}

/** One document's run. What its commands print, listen on and issue is remembered for those that come after. */
export class Stage implements Substitutes {
  readonly #ports = new Map<string, Promise<string>>();
  readonly #services = new Map<string, Promise<ExposureService>>();
  readonly #printedNumbers: string[] = [];
  #folder = "";
  #keyfob: Promise<string> | undefined;

  /**
   * Runs a chapter's command lines, in an empty folder, and ends what goes on.
   *
   * @returns what did not go as the document says
   */
  async run({ blocks }: Chapter, wants: (text: string) => boolean = () => true): Promise<string[]> {
    this.#folder = await temporaryFolder();
    const goingOn: Running[] = [];
    const complaints: string[] = [];
    try {
      complaints.push(...(await this.#runBlocks(blocks, wants, goingOn)));
    } finally {
      for (const running of goingOn.reverse()) {
        running.child.kill("SIGINT");
        const end = await running.ended;
        if (end !== 0 && end !== 130) complaints.push(`${running.child.spawnargs.join(" ")} ended with ${end}`);
      }
    }
    return complaints;
  }

  async #runBlocks(blocks: readonly Block[], wants: (text: string) => boolean, goingOn: Running[]): Promise<string[]> {
    const complaints: string[] = [];
    for (const { commands, shows } of blocks) {
      const printed: Running[] = [];
      for (const command of commands.filter(({ text }) => wants(text))) {
        const end = await this.#runOne(command, goingOn);
        if (end.running) printed.push(end.running);
        if (end.complaint) complaints.push(`${command.document}:${command.line}: ${command.text}: ${end.complaint}`);
      }
      if (commands.every(({ text }) => wants(text)))
        complaints.push(...(await this.#compare({ commands, shows }, printed)));
    }
    return complaints;
  }

  async #runOne({ text }: CommandLine, goingOn: Running[]): Promise<End> {
    const running = NOT_RUN.some(({ command }) => command.test(text)) ? undefined : await this.#start(text);
    if (!running) return {};
    cleanUpLater(async () => running.child.kill("SIGKILL"));
    const server = GO_ON.find(({ command }) => command.test(text));
    if (server) {
      goingOn.push(running);
      const ready = running.prints(server.ready, PATIENCE_MS).then(
        () => true,
        () => false,
      );
      const isReady = await Promise.race([ready, running.ended.then(() => false)]);
      return isReady ? { running } : { running, complaint: `was not ready, or ended by itself:\n${said(running)}` };
    }
    const asks = ASK.find(({ command }) => command.test(text));
    if (asks) {
      await running.prints(asks.question, PATIENCE_MS);
      running.child.stdin?.write(asks.answer);
    } else running.child.stdin?.end();
    const exitCode = await running.ended;
    this.#printedNumbers.push(...(running.stdout().match(NUMBER) ?? []));
    const right = ENDS.find(({ command }) => command.test(text))?.exitCodes ?? [0];
    if (right.some((code) => code === exitCode)) return { running };
    return { running, complaint: `exit code ${exitCode}, not ${right.join(" or ")}:\n${said(running)}` };
  }

  /** @returns undefined where a tool is missing that the command line needs here */
  async #start(text: string): Promise<Running | undefined> {
    const asks = ASK.some(({ command }) => command.test(text));
    const line = asks && !hasTool("script") ? undefined : await this.#substitute(text);
    if (line === undefined) return undefined;
    const [program, ...args] = words(line);
    if (program === "npm") return start(["npm", ...args], { npm_config_prefix: await this.file("prefix") }, ROOT);
    const environment: Record<string, string> = { CHIRPFOB_LISTEN_PORT: await this.freePort("8731") };
    if (needsKeyfob(text)) environment.CHIRPFOB_PORT = await this.#keyfobAddress();
    return asks
      ? startChirpfob(args, environment, true)
      : start([process.execPath, CHIRPFOB, ...args], environment, this.#folder);
  }

  /** @returns undefined where a tool is missing that the command line needs */
  async #substitute(text: string): Promise<string | undefined> {
    let line = text;
    for (const { written, by } of SUBSTITUTIONS)
      for (const match of new Set(line.match(new RegExp(written, "g")) ?? [])) {
        const here = await by(this, match);
        if (here === undefined) return undefined;
        line = line.replaceAll(match, () => here);
      }
    return line;
  }

  /** Whether every shown line was printed; what goes on may have said that it is ready before it has said everything. */
  async #compare(block: Block, printed: readonly Running[]): Promise<string[]> {
    const deadline = Date.now() + LAST_WORDS_MS;
    for (;;) {
      const complaints = await this.#notPrinted(block, printed);
      const goesOn = printed.some(({ child }) => child.exitCode === null && child.signalCode === null);
      if (complaints.length === 0 || !goesOn || Date.now() > deadline) return complaints;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Whether every shown line was printed, in this order, by some command of the block, on stdout or stderr. */
  async #notPrinted({ commands, shows }: Block, printed: readonly Running[]): Promise<string[]> {
    const outputs = printed.flatMap((running) => [running.stdout(), running.stderr()]);
    const ports = await Promise.all([...this.#ports].map(async ([written, here]) => [written, await here] as const));
    const streams = outputs.map((output) => ({
      lines: output.split("\n").map((line) => ports.reduce((l, [written, here]) => l.replaceAll(here, written), line)),
      at: 0,
    }));
    const complaints: string[] = [];
    for (const line of shows.filter((shown) => shown !== "" && shown !== "...")) {
      const isPrinted = streams.some((stream) => {
        const place = stream.lines.findIndex((l, i) => i >= stream.at && isSame(line, l));
        if (place >= 0) stream.at = place + 1;
        return place >= 0;
      });
      if (!isPrinted)
        complaints.push(
          `${commands[0]?.document}:${commands[0]?.line}: nothing printed "${line}", but:\n${outputs.join("")}`,
        );
    }
    return complaints;
  }

  freePort(port: string): Promise<string> {
    const known = this.#ports.get(port) ?? freePort().then(String);
    this.#ports.set(port, known);
    return known;
  }

  async permissionNumber(): Promise<string> {
    const printed = this.#printedNumbers.shift();
    if (printed !== undefined) return printed;
    await this.service("US-MA");
    const service = await this.#services.get("US-MA");
    if (!service) throw new Error("there is no service to issue a number");
    const { numbers } = await administer(service.core, { do: "issue", provider: "Elm Street Clinic", count: 1 });
    return String(numbers[0]);
  }

  async service(region: string): Promise<{ readonly url: string; readonly publicKey: string }> {
    const known = this.#services.get(region) ?? openService(region);
    this.#services.set(region, known);
    const { url, core } = await known;
    const { publicKey = "" } = await administer(core, { do: "keys-show" });
    return { url, publicKey };
  }

  async postgres(): Promise<string | undefined> {
    return (await sharedPostgres())?.createDatabase();
  }

  async proxy(): Promise<string | undefined> {
    if (!hasTool("microsocks")) return undefined;
    const proxy = await startMicrosocks();
    cleanUpLater(async () => proxy.close());
    return proxy.url;
  }

  async federationFile(): Promise<string | undefined> {
    if (!hasTool("openssl")) return undefined;
    const { certificate } = new TestAuthority(this.#folder);
    return this.file("federation.json", JSON.stringify({ authority: certificate, consumers: [], producers: [] }));
  }

  async file(name: string, content?: string | Buffer): Promise<string> {
    const path = join(this.#folder, name);
    if (content === undefined) await mkdir(path, { recursive: true });
    else await writeFile(path, content);
    return path;
  }

  /** Stands in for a keyfob that is plugged in: one that is simulated, and presses its own button. */
  #keyfobAddress(): Promise<string> {
    this.#keyfob ??= (async () => {
      const running = startChirpfob(["sim", "device", "--press-button"]);
      cleanUpLater(async () => {
        running.child.kill("SIGINT");
        await running.ended;
      });
      await running.prints(/^tcp:\/\/\S+$/m, PATIENCE_MS);
      return running.stdout().trim();
    })();
    return this.#keyfob;
  }
}

/** A region's service that has something published. */
async function openService(region: string): Promise<ExposureService> {
  const service = await startExposureService(
    { ...DEFAULT_CONFIG, region, port: 0, data: await dataFolder() },
    { isScheduled: false },
  );
  cleanUpLater(() => service.close());
  const { numbers } = await administer(service.core, { do: "issue", provider: "Elm Street Clinic", count: 1 });
  const lastHour = hourOfSeconds(Date.now() / 1000) - 2;
  await sendUpload(service.url, uploadBytes({ regions: [region], hours: 3, lastHour }), { number: String(numbers[0]) });
  await administer(service.core, { do: "publish" });
  return service;
}

function said(running: Running): string {
  return `${running.stdout()}${running.stderr()}`;
}

/** A line that ends in "..." shows only how the printed one begins. */
function isSame(shown: string, printed: string): boolean {
  const [want, got] = [shown, printed.trimEnd()].map((line) =>
    VARIES.reduce((text, { what }) => text.replace(what, "\u2026"), line),
  ) as [string, string];
  return want.endsWith("...") ? got.startsWith(want.slice(0, -3)) : got === want;
}
