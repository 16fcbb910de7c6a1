// The whole loop, from a crowd's contacts to each person's answer, with nothing left out: real programs on every device, the
// real command line on every computer, a real exposure service over HTTP, real signatures.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hourOfSeconds } from "../../protocol/base/time";
import { decodeUploadFile, type UploadFile } from "../../protocol/report/uploadFile";
import { retry } from "../base/retry";
import { counted } from "../base/words";
import { EMBARGO_MINUTES } from "../exposure/feeds/embargo";
import { PUBLIC_FEED } from "../feed/feedIndex";
import { calendarShift } from "../sim/contacts/calendar";
import { assembleResult } from "./assemble";
import { Authority } from "./authority";
import { REGION } from "./authorityMessages";
import { CommandFailed, Computer } from "./computer";
import type { ComputerProgram } from "./computerMessages";
import type { KeyfobAnswer } from "./evaluate";
import { type Faults, layDeadlyLine, layLooseCable, NO_FAULTS } from "./faults";
import type { DeviceCounts, LoopResult, Shard, Upload } from "./result";
import type { LoopScene } from "./scene";
import { outageOf, Town } from "./town";
import { GroundTruth } from "./truth";
import { ChirpIndex, type LoggedMinutes } from "./witness";

const HOUR_S = 3600;
const DAY_HOURS = 24;
/** After the last hour has left the embargo. */
const SPARE_S = 120;
/**
 * Keyfobs that are looked after at a time, each on a computer of its own. A computer mostly waits, for a service to announce
 * itself or a button to be pressed, so that more of them than processors save time.
 */
const COMPUTERS = 8;
const MAX_TRIES = 5;
const TRY_AGAIN_MS = 300;

// What the run reads of the commands' answers.
const issuedAnswer = z.object({ numbers: z.array(z.string()).min(1) });
const publishedAnswer = z.object({
  published: z.array(z.object({ feed: z.string(), number: z.int(), bytes: z.int(), seeds: z.int() })),
});
const keyAnswer = z.object({ publicKey: z.string() });
const minutesOfClasses = z.array(z.int());
const exposuresAnswer = z.object({
  hours: z.array(z.object({ hour: z.int(), direct: minutesOfClasses, shared: minutesOfClasses, reverse: z.boolean() })),
});
const statusAnswer = z.object({ counters: z.record(z.string(), z.number()) });

/** What a person watching wants to know. */
export interface LoopEvents {
  /** A new part of the run begins. */
  readonly step: (text: string) => void;
  readonly progress: (done: number, of: number) => void;
  /** One of the run's faults has hit: an upload's service is dead and back, an import has lost its keyfob and found it again. */
  readonly fault?: (kind: "serviceKilled" | "cablePulled") => void;
}

export interface LoopOptions {
  /** What the computers run. */
  readonly program: ComputerProgram;
  readonly scene: LoopScene;
  readonly radio: "perfect" | "realistic";
  readonly seed: number;
  readonly faults?: Faults;
  readonly events?: LoopEvents;
}

const SILENT: LoopEvents = { step: () => undefined, progress: () => undefined };

/** Runs a scene through the whole loop. */
export async function runLoop(options: LoopOptions): Promise<LoopResult> {
  const loop = new Loop(options);
  try {
    return await loop.run();
  } finally {
    await loop.close();
  }
}

/** A diagnosed person's upload: what the report says of it, and what is in the file. */
interface SharedUpload {
  readonly report: Upload;
  readonly content: UploadFile;
}

class Loop {
  private readonly scene: LoopScene;
  private readonly faults: Faults;
  private readonly events: LoopEvents;
  private town: Town | undefined;
  private authority: Authority | undefined;
  private readonly computers: Computer[] = [];

  constructor(private readonly options: LoopOptions) {
    this.scene = options.scene;
    this.faults = options.faults ?? NO_FAULTS;
    this.events = options.events ?? SILENT;
  }

  async run(): Promise<LoopResult> {
    const { scene, events, faults } = this;
    const { radio, seed } = this.options;
    const { town, authority } = await this.liveThroughTheDay();
    const uploads = await this.share(town, authority);
    const shards = await this.publish(authority, uploads);
    const answers = await this.check(town, authority, uploads);
    const repeaters = await this.askRepeaters(town);
    events.step("Comparing with the contact list");
    const powerLosses = faults.powerCuts.map((cut) => outageOf(cut));
    return assembleResult(
      { scene, truth: new GroundTruth(scene), powerLosses },
      { radio, seed, answers, uploads: uploads.map(({ report }) => report), shards, repeaters },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.computers.map((computer) => computer.switchOff()));
    await this.authority?.close();
    await this.town?.close();
  }

  private async liveThroughTheDay(): Promise<{ town: Town; authority: Authority }> {
    const { scene, events, options, faults } = this;
    const devices = scene.people.length + scene.repeaters.length;
    events.step(
      `Opening the exposure service, compiling the programs, switching on ${counted(devices, "device", "devices")}`,
    );
    // Seeds are published when their hour has been over for the embargo.
    const endS = Math.ceil(scene.toS / HOUR_S) * HOUR_S + EMBARGO_MINUTES * 60 + SPARE_S;
    const onProgress = (atS: number) => events.progress(Math.max(0, atS - scene.fromS), endS - scene.fromS);
    const { radio, seed } = options;
    const { powerCuts, lostReports } = faults;
    const onPanic = (id: string, report: string) =>
      events.step(`The program of ${namesOf(scene, [id])}'s device failed, and it started again: ${report}`);
    // Service and computers are not needed before the evening, and get ready while the compiler works and the day goes by.
    const opening = this.openAuthority(scene.fromS + calendarShift(scene.fromS));
    const starting = this.startComputers();
    const ready = Promise.allSettled([opening, starting]);
    let town: Town;
    try {
      town = await Town.found({ scene, radio, seed, powerCuts, lostReports, onProgress, onPanic });
      this.town = town;
      events.step("Everybody goes through the day; keyfobs chirp, listen and remember");
      await town.liveUntil(endS);
    } finally {
      await ready;
    }
    await starting;
    const authority = await opening;
    await authority.setTime(town.deviceS);
    return { town, authority };
  }

  private async openAuthority(nowS: number): Promise<Authority> {
    this.authority = await Authority.open(nowS);
    return this.authority;
  }

  private async startComputers(): Promise<void> {
    const { people, diagnosed } = this.scene;
    const count = Math.min(COMPUTERS, Math.max(1, people.length - diagnosed.length));
    this.computers.push(
      ...(await Promise.all(Array.from({ length: count }, () => Computer.start(this.options.program)))),
    );
  }

  /** The diagnosed export their seeds and upload them, each with a number from the clinic. */
  private async share(town: Town, authority: Authority): Promise<SharedUpload[]> {
    const { scene, events, faults } = this;
    events.step(`${namesOf(scene, scene.diagnosed)}: diagnosed; exporting seeds and uploading them`);
    const uploads: SharedUpload[] = [];
    const computer = this.firstComputer;
    for (const id of scene.diagnosed) {
      const file = join(authority.folder, `upload-${uploads.length}.pact`);
      const exported = await this.exportSeeds(town, computer, id, file);
      const { numbers } = issuedAnswer.parse(
        await computer.run(["permissions", "issue", "--data", authority.data, "--provider", "Clinic", "--count", "1"]),
      );
      const line = faults.killsService ? await layDeadlyLine(authority) : undefined;
      const server = line?.url ?? authority.url;
      try {
        await computer.run(["upload", file, "--permission", String(numbers[0]), "--server", server]);
        if (line !== undefined && line.kills() > 0) events.fault?.("serviceKilled");
      } finally {
        await line?.close();
      }
      uploads.push(exported);
      events.progress(uploads.length, scene.diagnosed.length);
    }
    return uploads;
  }

  private async exportSeeds(town: Town, computer: Computer, id: string, file: string): Promise<SharedUpload> {
    const { scene } = this;
    const port = await town.plugIn(id);
    const hours = town.deviceHour + 1 - hourOfSeconds(scene.fromS + town.shiftS);
    const redactions = scene.redactions.filter((redaction) => redaction.id === id);
    const redact = redactions.flatMap(({ fromHour, toHour }) => [
      "--redact",
      `${localHour(fromHour, town.shiftS)}..${localHour(toHour, town.shiftS)}`,
    ]);
    const days = String(Math.ceil(hours / DAY_HOURS));
    await withDevice(
      computer,
      ["seeds", "export", "--port", port, "--days", days, "--regions", REGION, ...redact, "-o", file],
      this.pressWhenAsked(town, id),
    );
    const counts = await readCounts(computer, port);
    await town.unplug(id);
    const bytes = await readFile(file);
    const content = decodeUploadFile(bytes);
    const withheldHours = redactions.flatMap(({ fromHour, toHour }) =>
      Array.from({ length: toHour - fromHour }, (_, i) => fromHour + i),
    );
    const firstHour = content.firstHour - town.shiftS / HOUR_S;
    const name = namesOf(scene, [id]);
    return {
      report: { id, name, bytes: bytes.length, firstHour, hours: content.seeds.length, withheldHours, counts },
      content,
    };
  }

  private async publish(authority: Authority, uploads: readonly SharedUpload[]): Promise<Shard[]> {
    this.events.step("The service signs and publishes what is due");
    const computer = this.firstComputer;
    const { published } = publishedAnswer.parse(await computer.run(["publish", "--data", authority.data]));
    const chunks = published.filter(({ feed }) => feed === PUBLIC_FEED);
    // The hour of the export itself is still under embargo.
    const genuine = uploads.reduce((sum, { content }) => sum + content.seeds.length - 1, 0);
    const seeds = chunks.reduce((sum, chunk) => sum + chunk.seeds, 0);
    let filling = Math.max(0, seeds - genuine);
    return chunks.map((chunk) => {
      const fillingSeeds = Math.min(filling, chunk.seeds);
      filling -= fillingSeeds;
      return { chunk: chunk.number, bytes: chunk.bytes, seeds: chunk.seeds, fillingSeeds };
    });
  }

  /** Everybody else brings the shards to the keyfob and reads what it found. */
  private async check(town: Town, authority: Authority, uploads: readonly SharedUpload[]): Promise<KeyfobAnswer[]> {
    const { scene, events } = this;
    const others = scene.people.map(({ id }) => id).filter((id) => !scene.diagnosed.includes(id));
    const keyfobs = counted(others.length, "keyfob", "keyfobs");
    events.step(`For ${keyfobs}: fetch the shards, check the signature, look for encounters`);
    const indexes = uploads.map(({ report, content }) => {
      const fromMinute = Math.floor((scene.fromS + town.shiftS) / 60) - 60;
      return { id: report.id, index: new ChirpIndex(content, fromMinute, town.deviceHour * 60 + 60) };
    });
    const { publicKey } = keyAnswer.parse(await this.firstComputer.run(["keys", "show", "--data", authority.data]));
    const answers = new Map<string, KeyfobAnswer>();
    const waiting = [...others];
    await Promise.all(
      this.computers.map(async (computer, i) => {
        const shards = join(authority.folder, `shards-${i}`);
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
          const answer = await this.checkKeyfob(town, authority, computer, shards, publicKey, id);
          const image = await town.logImage(id);
          const logged = new Map(indexes.map((entry) => [entry.id, inListTime(entry.index.in(image), town.shiftS)]));
          answers.set(id, { id, ...answer, logged });
          events.progress(answers.size, others.length);
        }
      }),
    );
    return others.map((id) => answers.get(id) as KeyfobAnswer);
  }

  private async checkKeyfob(
    town: Town,
    authority: Authority,
    computer: Computer,
    shards: string,
    key: string,
    id: string,
  ): Promise<Pick<KeyfobAnswer, "results" | "counts">> {
    const port = await town.plugIn(id);
    await withDevice(computer, ["keys", "add", REGION, key, "--port", port], this.pressWhenAsked(town, id));
    await computer.run(["shards", "fetch", "--server", authority.url, "--region", REGION, "--key", key, "-o", shards]);
    const cable = this.faults.pullsCables ? await layLooseCable(port) : undefined;
    try {
      await withDevice(computer, ["shards", "import", shards, "--port", cable?.port ?? port]);
      if (cable !== undefined && cable.pulls() > 0) this.events.fault?.("cablePulled");
    } finally {
      await cable?.close();
    }
    const { hours } = exposuresAnswer.parse(
      await withDevice(computer, ["exposures", "--port", port], this.pressWhenAsked(town, id)),
    );
    const counts = await readCounts(computer, port);
    await town.unplug(id);
    return { results: hours.map((h) => ({ ...h, hour: h.hour - town.shiftS / HOUR_S })), counts };
  }

  private async askRepeaters(town: Town): Promise<{ id: string; name: string; chirpsHeard: number }[]> {
    const reports = [];
    for (const { id, name } of this.scene.repeaters) {
      const { chirpsHeard } = await readCounts(this.firstComputer, await town.plugIn(id));
      await town.unplug(id);
      reports.push({ id, name, chirpsHeard });
    }
    return reports;
  }

  private get firstComputer(): Computer {
    return this.computers[0] as Computer;
  }

  /** The wearer, who presses the button when the computer asks for it. */
  private pressWhenAsked(town: Town, id: string): (text: string) => void {
    return (text) => {
      if (/press the button/i.test(text)) void town.pressButton(id);
    };
  }
}

/** Runs a command on a plugged-in device, again if the port was still taken by the command before. */
function withDevice(computer: Computer, argv: readonly string[], onMessage?: (text: string) => void): Promise<unknown> {
  return retry(async () => (await computer.run(argv, onMessage)) ?? null, {
    pauseMs: TRY_AGAIN_MS,
    attempts: MAX_TRIES,
    mayPass: (error) => error instanceof CommandFailed && error.exitCode === computer.program.noDevice,
  });
}

async function readCounts(computer: Computer, port: string): Promise<DeviceCounts> {
  const { counters } = statusAnswer.parse(await withDevice(computer, ["status", "--port", port]));
  const count = (name: string): number => counters[name] ?? 0;
  return {
    chirpsHeard: count("chirpsHeard"),
    rowsWritten: count("rowsWritten"),
    minutesChirped: count("minutesChirped"),
    minutesMissed: count("minutesMissed"),
    restarts: count("restarts"),
  };
}

/** The minutes of a device's log in the time of the contact list. */
function inListTime({ direct, shared }: LoggedMinutes, shiftS: number): LoggedMinutes {
  const shifted = (minutes: Set<number>) => new Set([...minutes].map((minute) => minute - shiftS / 60));
  return { direct: shifted(direct), shared: shifted(shared) };
}

/** An hour of the list as --redact takes it: local time on the devices' calendar. */
function localHour(hour: number, shiftS: number): string {
  const date = new Date((hour * HOUR_S + shiftS) * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

function namesOf(scene: LoopScene, ids: readonly string[]): string {
  return ids.map((id) => scene.people.find((person) => person.id === id)?.name ?? id).join(", ");
}
