import { encodeRegion } from "../../protocol/base/region";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import { KEYFOB_SERVICE_CLASS } from "../../protocol/keyfob/codes";
import { CONFIG_TABLE } from "../../protocol/keyfob/configTable";
import { PROTOCOL_VERSION } from "../../protocol/keyfob/version";
import { pause } from "../base/timers";
import { type BoardConnection, packetTo, type ServiceAddress } from "./board";
import { DeviceError } from "./deviceError";
import { KeyfobError } from "./keyfobError";
import {
  type ConfigName,
  type ConfigValue,
  decodeCounters,
  decodeRegionKey,
  decodeResults,
  decodeStatus,
  EXPORT_BLOCK_SEEDS,
  type HourResult,
  type KeyfobStatus,
  type RegionKey,
} from "./keyfobWire";
import {
  type CommandValues,
  codeOf,
  decodeReport,
  encodeCommand,
  encodeRecord,
  type PacketName,
  type PurposeName,
  type ReportValues,
  requestIn,
  type StatusName,
} from "./packetCodec";

/** How long each try waits for its report: a device sends one packet in 20 ms, and pauses for a second to write flash. */
const TRIES_MS = [250, 400, 700, 1000, 1500, 2000];
const BUSY_WAIT_MS = 1000;
/** A consent that a cut-off host left open ends after 60 s. */
const BUSY_LIMIT_MS = 70_000;
const CONSENT_REPEAT_MS = 1000;
const RESTART_LIMIT_MS = 15_000;
const RESTART_POLL_MS = 300;
const FIND_MS = 5000;

/** Half-open range of hours. */
export interface HourRange {
  readonly from: number;
  readonly to: number;
}

/** What came of a clock sync. */
export interface ClockSync {
  /** The device's clock before, minus the time set. */
  readonly driftMs: number;
  /** Seconds since the previous sync, 0 if there was none. */
  readonly sinceSync: number;
  readonly previous: "unset" | "set" | "approximate";
}

export interface ConsentWait {
  /** Called about once a second while the button is waited for. */
  readonly onWaiting?: (secondsLeft: number) => void;
  /** Called once when another question must end first. */
  readonly onBusy?: () => void;
  /** Called once when the wearer has agreed to an erase, which takes the keyfob some seconds. */
  readonly onErasing?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** The keyfob service (services/keyfob.md) of one device, each command as a method. Throws KeyfobError and DeviceError. */
export class Keyfob {
  private lastRequest = Math.floor(Math.random() * 0xffff);

  constructor(
    readonly board: BoardConnection,
    readonly service: ServiceAddress,
  ) {}

  /** Finds the keyfob on a board. @throws DeviceError if there is none within 5 s, or it speaks another version */
  static async on(board: BoardConnection, timeoutMs = FIND_MS): Promise<Keyfob> {
    const service = await board.findService(KEYFOB_SERVICE_CLASS, timeoutMs);
    if (!service)
      throw new DeviceError(
        "notKeyfob",
        `${board.address} is a DeviceScript board, but runs no keyfob program: put it there with "chirpfob deploy --role wearable"`,
      );
    return new Keyfob(board, service);
  }

  /** A number for a new operation; never 0. */
  newRequest(): number {
    this.lastRequest = (this.lastRequest % 0xffff) + 1;
    return this.lastRequest;
  }

  async status(): Promise<KeyfobStatus> {
    const data = await this.ask("status", this.newRequest(), () => ({}));
    const status = decodeStatus(data);
    if (!status || status.protocol !== PROTOCOL_VERSION)
      throw new DeviceError(
        "notKeyfob",
        `the keyfob speaks version ${status?.protocol ?? "?"} of its protocol, this program version ${PROTOCOL_VERSION}: bring both up to date`,
      );
    return status;
  }

  async counters(): Promise<Record<string, number>> {
    return decodeCounters((await this.command("counters", {})).values);
  }

  /**
   * Sets the clock; waits for a keyfob that is still opening its logs.
   *
   * @param unixMillis asked for anew at each try, so that a repeated packet does not set an old time
   */
  async setClock(unixMillis: () => number): Promise<ClockSync> {
    const report = await this.whenFree("clockSet", () => {
      const now = unixMillis();
      return { seconds: Math.floor(now / 1000), millis: Math.floor(now) % 1000 };
    });
    expectOk(report);
    const { driftMs, sinceSync, previous } = report;
    return { driftMs, sinceSync, previous: previous === 0 ? "unset" : previous === 2 ? "approximate" : "set" };
  }

  async configGet(name: ConfigName): Promise<ConfigValue> {
    return configValue(await this.command("configGet", { key: CONFIG_TABLE[name].key }));
  }

  /** @returns the value now in force @throws KeyfobError OutOfRange */
  async configSet(name: ConfigName, value: number): Promise<ConfigValue> {
    return configValue(await this.whenFree("configSet", { key: CONFIG_TABLE[name].key, value }));
  }

  /** Stops chirping for `minutes` (1 to 1440), or ends a snooze (0). @returns Unix seconds at which chirping goes on, or 0 */
  async snooze(minutes: number): Promise<number> {
    return expectOk(await this.whenFree("snooze", { minutes })).until;
  }

  /** All region keys that the keyfob trusts. */
  async regionKeys(): Promise<RegionKey[]> {
    const keys: RegionKey[] = [];
    for (let index = 0; ; index++) {
      const report = await this.command("regionKeyGet", { index });
      if (report.status === "NoSuchKey") return keys;
      const key = decodeRegionKey(expectOk(report).trust, report.lastChunk);
      // What a device calls a region is printed, and names folders: anything else than a region's code stays here.
      if (!key || !isRegion(key.region)) throw new KeyfobError("Malformed");
      keys.push(key);
      if (index + 1 >= report.count) return keys;
    }
  }

  /** @returns how many keys the keyfob holds now */
  async addRegionKey(region: string, key: Buffer): Promise<number> {
    return expectOk(await this.whenFree("regionKeyAdd", { region: encodeRegion(region), key })).count;
  }

  /** @param keyId first 8 bytes of SHA-256 of the key @returns how many keys the keyfob holds now */
  async removeRegionKey(region: string, keyId: Buffer): Promise<number> {
    return expectOk(await this.whenFree("regionKeyRemove", { region: encodeRegion(region), keyId })).count;
  }

  /**
   * Asks the wearer to press the button and waits for the answer; takes the question back when the signal aborts.
   *
   * @returns the number of the consent, for endConsent
   * @throws KeyfobError Refused, Expired, Busy
   */
  async askConsent(purpose: PurposeName, wait: ConsentWait = {}): Promise<number> {
    const request = this.newRequest();
    try {
      await this.awaitConsent(purpose, request, wait);
      return request;
    } catch (error) {
      if (wait.signal?.aborted) await this.endConsent(request);
      throw error;
    }
  }

  private async awaitConsent(purpose: PurposeName, request: number, wait: ConsentWait): Promise<void> {
    const busyUntil = Date.now() + BUSY_LIMIT_MS;
    let toldBusy = false;
    for (;;) {
      wait.signal?.throwIfAborted();
      const { status, seconds } = await this.command("consentAsk", { purpose }, request);
      if (status === "Ok") return;
      if (status === "Busy" && Date.now() < busyUntil) {
        if (!toldBusy) wait.onBusy?.();
        toldBusy = true;
      } else if (status === "WaitingForButton") wait.onWaiting?.(seconds);
      else throw new KeyfobError(status);
      await pause(CONSENT_REPEAT_MS, wait.signal);
    }
  }

  /**
   * Reads the seeds of `hours` hours from `firstHour` on, after askConsent("export"). Hours in `redacted` come as random
   * seeds. Ends export and consent, whatever happens.
   */
  async exportSeeds(
    window: { readonly firstHour: number; readonly hours: number; readonly redacted: readonly HourRange[] },
    onProgress: (done: number, of: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<Buffer[]> {
    const request = this.newRequest();
    const redacted = Buffer.concat(window.redacted.map((range) => encodeRecord("hourRange", range)));
    const begin = { firstHour: window.firstHour, hours: window.hours, redacted };
    try {
      const { blocks } = expectOk(await this.whenFree("exportBegin", begin, request, signal));
      const seeds: Buffer[] = [];
      for (let block = 0; block < blocks; block++) {
        signal?.throwIfAborted();
        const count = Math.min(EXPORT_BLOCK_SEEDS, window.hours - seeds.length);
        const data = (await this.block("exportBlock", request, block)).seeds;
        if (data.length !== count * SEED_BYTES) throw new KeyfobError(data.length === 0 ? "NoConsent" : "Malformed");
        for (let i = 0; i < count; i++) seeds.push(data.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES));
        onProgress(block + 1, blocks);
      }
      if (seeds.length !== window.hours) throw new KeyfobError("Malformed");
      return seeds;
    } finally {
      await this.end("exportEnd", request);
    }
  }

  /** Reads what matched, after askConsent("results"). Ends the consent, whatever happens. */
  async results(
    onProgress: (done: number, of: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<HourResult[]> {
    const request = this.newRequest();
    try {
      const { records, blocks } = expectOk(await this.whenFree("resultsBegin", {}, request, signal));
      const results: HourResult[] = [];
      for (let block = 0; block < blocks; block++) {
        signal?.throwIfAborted();
        const data = (await this.block("resultsBlock", request, block)).records;
        if (data.length === 0) throw new KeyfobError("NoConsent");
        results.push(...decodeResults(data));
        onProgress(block + 1, blocks);
      }
      if (results.length !== records) throw new KeyfobError("Malformed");
      return results;
    } finally {
      await this.end("resultsEnd", request);
    }
  }

  /** Erases everything on the keyfob, after the wearer pressed the button, and waits until it has started anew. */
  async erase(wait: ConsentWait = {}): Promise<void> {
    const { uptime } = await this.status();
    const askedAt = performance.now();
    const request = this.newRequest();
    let token = 0;
    let hasWaited = false;
    let toldBusy = false;
    for (;;) {
      wait.signal?.throwIfAborted();
      const report = await this.command("erase", { token }, request);
      const { status } = report;
      if (status === "Ok") return this.awaitRestart(uptime + (performance.now() - askedAt) / 1000, wait.signal);
      if (status === "WaitingForButton") {
        hasWaited = true;
        wait.onWaiting?.(0);
      } else if (status !== "Busy") throw new KeyfobError(status);
      else if (!toldBusy) {
        toldBusy = true;
        if (hasWaited) wait.onErasing?.();
        else wait.onBusy?.();
      }
      if (token === 0) token = report.token;
      await pause(CONSENT_REPEAT_MS, wait.signal);
    }
  }

  /**
   * Waits for the restart with which an erase ends: what a host tells the keyfob before it, the clock for one, is forgotten.
   *
   * @param uptime seconds that the keyfob has run now
   */
  private async awaitRestart(uptime: number, signal: AbortSignal | undefined): Promise<void> {
    for (const deadline = performance.now() + RESTART_LIMIT_MS; performance.now() < deadline; ) {
      await pause(RESTART_POLL_MS, signal);
      try {
        if ((await this.status()).uptime < uptime - 1) return;
      } catch (error) {
        // Boards with USB of their own drop off the line when they restart. It is erased all the same.
        if (!(error instanceof DeviceError)) throw error;
        if (error.kind === "lost") return;
      }
    }
  }

  /**
   * Sends a command and returns its report.
   *
   * @param values of the command; a function is asked anew at each try
   * @param request the number of an operation that goes on; a new one if it is not given
   * @throws DeviceError noAnswer, lost
   * @throws KeyfobError Malformed if the report is too short
   */
  async command<Name extends PacketName>(
    name: Name,
    values: CommandValues<Name> | (() => CommandValues<Name>),
    request = this.newRequest(),
  ): Promise<ReportValues<Name>> {
    const report = decodeReport(
      name,
      await this.ask(name, request, typeof values === "function" ? values : () => values),
    );
    if (!report) throw new KeyfobError("Malformed");
    return report;
  }

  /** Sends a command until its report comes. @returns the report's payload @throws DeviceError noAnswer, lost */
  private async ask<Name extends PacketName>(
    name: Name,
    request: number,
    values: () => CommandValues<Name>,
  ): Promise<Buffer> {
    const packet = () => packetTo(this.service, codeOf(name), encodeCommand(name, request, values()));
    const report = await this.board.exchange(this.service, packet, TRIES_MS, (answer) => {
      const data = Buffer.from(answer.data);
      return answer.serviceCommand === codeOf(name) && requestIn(name, data) === request ? data : undefined;
    });
    if (report) return report;
    throw new DeviceError(
      "noAnswer",
      "the keyfob does not answer any more: unplug it, plug it in again and repeat the command",
    );
  }

  /** As command(), but waits while the keyfob is busy: with another operation, or with opening its logs. */
  private async whenFree<Name extends PacketName>(
    name: Name,
    values: CommandValues<Name> | (() => CommandValues<Name>),
    request?: number,
    signal?: AbortSignal,
  ): Promise<ReportValues<Name>> {
    const busyUntil = Date.now() + BUSY_LIMIT_MS;
    for (;;) {
      const report = await this.command(name, values, request);
      if ((report as { status?: StatusName }).status !== "Busy" || Date.now() > busyUntil) return report;
      await pause(BUSY_WAIT_MS, signal);
    }
  }

  /** One block of an export or of results: the report repeats request and block number. */
  private async block<Name extends "exportBlock" | "resultsBlock">(
    name: Name,
    request: number,
    block: number,
  ): Promise<ReportValues<Name>> {
    const command = encodeCommand(name, request, { block } as CommandValues<Name>);
    const packet = () => packetTo(this.service, codeOf(name), command);
    const report = await this.board.exchange(this.service, packet, TRIES_MS, (answer) => {
      if (answer.serviceCommand !== codeOf(name)) return undefined;
      const got = decodeReport(name, Buffer.from(answer.data)) as { request: number; block: number } | undefined;
      return got?.request === request && got.block === block ? (got as ReportValues<Name>) : undefined;
    });
    if (report) return report;
    throw new DeviceError(
      "noAnswer",
      "the keyfob stopped answering: unplug it, plug it in again and repeat the command",
    );
  }

  /** Ends the consent with this number, or withdraws its question. A line that is gone is fine: it ends by itself. */
  async endConsent(asked: number): Promise<void> {
    if (this.board.lost) return;
    await this.command("consentEnd", { asked }).catch(() => undefined);
  }

  /** Ends an operation; a line that is gone, or a device that ended it already, is fine: it ends it by itself in 60 s. */
  private async end(name: "exportEnd" | "resultsEnd", request: number): Promise<void> {
    if (this.board.lost) return;
    await this.ask(name, request, () => ({})).catch(() => undefined);
  }
}

function isRegion(text: string): boolean {
  try {
    encodeRegion(text);
    return true;
  } catch {
    return false;
  }
}

function expectOk<Report extends { readonly status: StatusName }>(report: Report): Report {
  if (report.status !== "Ok") throw new KeyfobError(report.status);
  return report;
}

function configValue(report: ConfigValue & { readonly status: StatusName }): ConfigValue {
  const { value, min, max } = expectOk(report);
  return { value, min, max };
}
