import { encodeRegion } from "../../protocol/base/region";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import { type Board, packetTo, type ServiceAddress } from "./board";
import { DeviceError } from "./deviceError";
import { KeyfobError } from "./keyfobError";
import {
  CONFIG_KEYS,
  type ConfigName,
  type ConfigValue,
  decodeCounters,
  decodeRegionKey,
  decodeResults,
  decodeStatus,
  EXPORT_BLOCK_SEEDS,
  type HourResult,
  KEYFOB_COMMAND,
  KEYFOB_PROTOCOL,
  KEYFOB_SERVICE_CLASS,
  type KeyfobStatus,
  type KeyfobStatusName,
  PURPOSE,
  REGION_KEY_ANSWER_BYTES,
  REGION_KEY_REMOVE_BYTES,
  type RegionKey,
  STATUS_NAMES,
} from "./keyfobWire";

/** How long each try waits for its report: a device sends one packet in 20 ms, and pauses for a second to write flash. */
const TRY_MS = [250, 400, 700, 1000, 1500, 2000];
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
    readonly board: Board,
    readonly service: ServiceAddress,
  ) {}

  /** Finds the keyfob on a board. @throws DeviceError if there is none within 5 s, or it speaks another version */
  static async on(board: Board, timeoutMs = FIND_MS): Promise<Keyfob> {
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
    const report = await this.command(KEYFOB_COMMAND.status, 18, (request) => u16(request));
    const status = decodeStatus(report);
    if (!status || status.protocol !== KEYFOB_PROTOCOL)
      throw new DeviceError(
        "notKeyfob",
        `the keyfob speaks version ${report[20] ?? "?"} of its protocol, this program version ${KEYFOB_PROTOCOL}: bring both up to date`,
      );
    return status;
  }

  async counters(): Promise<Record<string, number>> {
    return decodeCounters(await this.command(KEYFOB_COMMAND.counters, 0, (request) => u16(request)));
  }

  /**
   * Sets the clock; waits for a keyfob that is still opening its logs.
   *
   * @param unixMillis asked for anew at each try, so that a repeated packet does not set an old time
   */
  async setClock(unixMillis: () => number): Promise<ClockSync> {
    const busyUntil = Date.now() + BUSY_LIMIT_MS;
    let report = await this.tryClock(unixMillis);
    while (statusName(report[10]) === "Busy" && Date.now() < busyUntil) {
      await pause(BUSY_WAIT_MS);
      report = await this.tryClock(unixMillis);
    }
    expectOk(report[10]);
    const previous = report[11];
    return {
      driftMs: report.readInt32LE(0),
      sinceSync: report.readUInt32LE(4),
      previous: previous === 0 ? "unset" : previous === 2 ? "approximate" : "set",
    };
  }

  private async tryClock(unixMillis: () => number): Promise<Buffer> {
    const request = this.newRequest();
    return await this.ask(KEYFOB_COMMAND.clockSet, 8, request, () => {
      const now = unixMillis();
      return Buffer.concat([u32(Math.floor(now / 1000)), u16(request), u16(Math.floor(now) % 1000)]);
    });
  }

  async configGet(name: ConfigName): Promise<ConfigValue> {
    const key = CONFIG_KEYS[name];
    return configValue(await this.command(KEYFOB_COMMAND.configGet, 12, (r) => Buffer.from([...u16(r), key])));
  }

  /** @returns the value now in force @throws KeyfobError OutOfRange */
  async configSet(name: ConfigName, value: number): Promise<ConfigValue> {
    const payload = Buffer.alloc(7);
    payload.writeInt32LE(value, 0);
    payload[6] = CONFIG_KEYS[name];
    return configValue(
      await this.command(KEYFOB_COMMAND.configSet, 12, (request) => {
        payload.writeUInt16LE(request, 4);
        return payload;
      }),
    );
  }

  /** Stops chirping for `minutes` (1 to 1440), or ends a snooze (0). @returns Unix seconds at which chirping goes on, or 0 */
  async snooze(minutes: number): Promise<number> {
    const report = await this.command(KEYFOB_COMMAND.snooze, 4, (r) => Buffer.concat([u16(r), u16(minutes)]));
    expectOk(report[6]);
    return report.readUInt32LE(0);
  }

  /** All region keys that the keyfob trusts. */
  async regionKeys(): Promise<RegionKey[]> {
    const keys: RegionKey[] = [];
    for (let index = 0; ; index++) {
      const report = await this.command(KEYFOB_COMMAND.regionKeyGet, 4, (r) => Buffer.from([...u16(r), index]));
      const status = statusName(report[6]);
      if (status === "NoSuchKey") return keys;
      expectOk(report[6]);
      if (report.length < REGION_KEY_ANSWER_BYTES) throw new KeyfobError("Malformed");
      keys.push(decodeRegionKey(report));
      if (index + 1 >= Number(report[7])) return keys;
    }
  }

  /** @returns how many keys the keyfob holds now */
  async addRegionKey(region: string, key: Buffer): Promise<number> {
    const report = await this.command(KEYFOB_COMMAND.regionKeyAdd, 0, (r) =>
      Buffer.concat([u16(r), encodeRegion(region), key]),
    );
    expectOk(report[2]);
    return Number(report[3]);
  }

  /** @param keyId first 8 bytes of SHA-256 of the key @returns how many keys the keyfob holds now */
  async removeRegionKey(region: string, keyId: Buffer): Promise<number> {
    const report = await this.command(KEYFOB_COMMAND.regionKeyRemove, 0, (r) => {
      const payload = Buffer.concat([u16(r), encodeRegion(region), keyId]);
      return payload.subarray(0, REGION_KEY_REMOVE_BYTES);
    });
    expectOk(report[2]);
    return Number(report[3]);
  }

  /** Asks the wearer to press the button and waits for the answer. @throws KeyfobError Refused, Expired, Busy */
  async askConsent(purpose: keyof typeof PURPOSE, wait: ConsentWait = {}): Promise<void> {
    const request = this.newRequest();
    const busyUntil = Date.now() + BUSY_LIMIT_MS;
    let toldBusy = false;
    for (;;) {
      wait.signal?.throwIfAborted();
      const report = await this.ask(KEYFOB_COMMAND.consentAsk, 0, request, () =>
        Buffer.from([...u16(request), PURPOSE[purpose]]),
      );
      const status = statusName(report[2]);
      if (status === "Ok") return;
      if (status === "Busy" && Date.now() < busyUntil) {
        if (!toldBusy) wait.onBusy?.();
        toldBusy = true;
      } else if (status === "WaitingForButton") wait.onWaiting?.(Number(report[4]));
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
    const begin = Buffer.concat([
      u32(window.firstHour),
      u16(request),
      u16(window.hours),
      ...window.redacted.flatMap(({ from, to }) => [u32(from), u32(to)]),
    ]);
    try {
      const opened = await this.askUntilFree(KEYFOB_COMMAND.exportBegin, 0, request, begin, 2, signal);
      const blocks = opened.readUInt16LE(6);
      const seeds: Buffer[] = [];
      for (let block = 0; block < blocks; block++) {
        signal?.throwIfAborted();
        const count = Math.min(EXPORT_BLOCK_SEEDS, window.hours - seeds.length);
        const data = await this.block(KEYFOB_COMMAND.exportBlock, request, block);
        if (data.length !== count * SEED_BYTES) throw new KeyfobError(data.length === 0 ? "NoConsent" : "Malformed");
        for (let i = 0; i < count; i++) seeds.push(data.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES));
        onProgress(block + 1, blocks);
      }
      if (seeds.length !== window.hours) throw new KeyfobError("Malformed");
      return seeds;
    } finally {
      await this.end(KEYFOB_COMMAND.exportEnd, request);
    }
  }

  /** Reads what matched, after askConsent("results"). Ends the consent, whatever happens. */
  async results(
    onProgress: (done: number, of: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<HourResult[]> {
    const request = this.newRequest();
    try {
      const opened = await this.askUntilFree(KEYFOB_COMMAND.resultsBegin, 0, request, u16(request), 2, signal);
      const records = opened.readUInt16LE(4);
      const blocks = opened.readUInt16LE(6);
      const results: HourResult[] = [];
      for (let block = 0; block < blocks; block++) {
        signal?.throwIfAborted();
        const data = await this.block(KEYFOB_COMMAND.resultsBlock, request, block);
        if (data.length === 0) throw new KeyfobError("NoConsent");
        results.push(...decodeResults(data));
        onProgress(block + 1, blocks);
      }
      if (results.length !== records) throw new KeyfobError("Malformed");
      return results;
    } finally {
      await this.end(KEYFOB_COMMAND.resultsEnd, request);
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
      const report = await this.ask(KEYFOB_COMMAND.erase, 4, request, () => Buffer.concat([u32(token), u16(request)]));
      const status = statusName(report[6]);
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
      if (token === 0) token = report.readUInt32LE(0);
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

  /** Sends a new command and returns its report. `requestAt`: where the report repeats the request number. */
  command(command: number, requestAt: number, payload: (request: number) => Buffer): Promise<Buffer> {
    const request = this.newRequest();
    return this.ask(command, requestAt, request, () => payload(request));
  }

  /** Sends a command until its report comes. @throws DeviceError noAnswer, lost */
  async ask(command: number, requestAt: number, request: number, payload: () => Buffer): Promise<Buffer> {
    for (const tryMs of TRY_MS) {
      const report = await this.board.exchange(
        this.service,
        packetTo(this.service, command, payload()),
        tryMs,
        (packet) => {
          const data = Buffer.from(packet.data);
          if (packet.serviceCommand !== command || data.length < Math.max(requestAt + 2, MIN_REPORT_BYTES))
            return undefined;
          return data.readUInt16LE(requestAt) === request ? data : undefined;
        },
      );
      if (report) return report;
    }
    throw new DeviceError(
      "noAnswer",
      "the keyfob does not answer any more: unplug it, plug it in again and repeat the command",
    );
  }

  /** As ask(), but waits while the keyfob is busy, and accepts no status but Ok. */
  private async askUntilFree(
    command: number,
    requestAt: number,
    request: number,
    payload: Buffer,
    statusAt: number,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    const busyUntil = Date.now() + BUSY_LIMIT_MS;
    for (;;) {
      const report = await this.ask(command, requestAt, request, () => payload);
      if (statusName(report[statusAt]) !== "Busy" || Date.now() > busyUntil) {
        expectOk(report[statusAt]);
        return report;
      }
      await pause(BUSY_WAIT_MS, signal);
    }
  }

  /** Data of one block of an export or of results: the report repeats request and block number. */
  private async block(command: number, request: number, block: number): Promise<Buffer> {
    const wanted = Buffer.concat([u16(request), u16(block)]);
    for (const tryMs of TRY_MS) {
      const data = await this.board.exchange(this.service, packetTo(this.service, command, wanted), tryMs, (packet) => {
        const got = Buffer.from(packet.data);
        return packet.serviceCommand === command && got.subarray(0, 4).equals(wanted) ? got.subarray(4) : undefined;
      });
      if (data) return data;
    }
    throw new DeviceError(
      "noAnswer",
      "the keyfob stopped answering: unplug it, plug it in again and repeat the command",
    );
  }

  /** Ends an operation; a line that is gone, or a device that ended it already, is fine: it ends it by itself in 60 s. */
  private async end(command: number, request: number): Promise<void> {
    if (this.board.lost) return;
    await this.ask(command, 0, request, () => u16(request)).catch(() => undefined);
  }
}

/** Every report of the service has at least request and status. */
const MIN_REPORT_BYTES = 3;

/** The name of a status byte. */
export function statusName(byte: number | undefined): KeyfobStatusName {
  return STATUS_NAMES[byte ?? -1] ?? "Malformed";
}

/** Waits; an aborted signal ends it with its reason. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function expectOk(status: number | undefined): void {
  const name = statusName(status);
  if (name !== "Ok") throw new KeyfobError(name);
}

function configValue(report: Buffer): ConfigValue {
  expectOk(report[14]);
  return { value: report.readInt32LE(0), min: report.readInt32LE(4), max: report.readInt32LE(8) };
}

function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
