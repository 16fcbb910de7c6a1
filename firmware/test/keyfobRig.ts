// Keyfobs of the real program in the simulator, and the host's side of services/keyfob.md on virtual time.

import { createHash } from "node:crypto";
import { slh_dsa_sha2_128s as slhDsa } from "@noble/post-quantum/slh-dsa.js";
import { encodeRegion } from "../../protocol/base/region";
import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { keyIdOf, SHARD_BLOCK_BYTES, SHARD_HEADER_BYTES, SHARD_SIGNATURE_CONTEXT } from "../../protocol/report/shard";
import { layOutShard, packBlocks, type ReleasedSeed } from "../../protocol/report/shardFile";
import { buildBytecode } from "../../tools/build/bytecode";
import type { SimDevice } from "../../tools/sim/device/device";
import type { Panic } from "../../tools/sim/vm/vm";
import { HostTimeout, VirtualHost } from "../../tools/sim/world/host";
import { World, type WorldDevice } from "../../tools/sim/world/world";

export const KEYFOB = 0x1c4fb003;
/** Unix seconds at which the tests' worlds begin: 10 s before a full hour. */
export const START_SECONDS = 1_790_002_800 - 10;
export const SECOND_US = 1e6;
export const MINUTE_US = 60e6;

export const sha256 = (message: Buffer): Buffer => createHash("sha256").update(message).digest();

/** The wearable's program, as globalSetup built it. */
export async function wearableImage(): Promise<Buffer> {
  return (await buildBytecode("wearable", "firmware/main.ts")).image;
}

/** Counters of services/keyfob.md by name. */
export interface Counters {
  chirpsHeard: number;
  rowsWritten: number;
  rowsEarly: number;
  hearingsDropped: number;
  minutesChirped: number;
  minutesMissed: number;
  hciResets: number;
  hciErrors: number;
  hciGarbage: number;
  packetsRefused: number;
  restarts: number;
  crashes: number;
}

/** One keyfob and its host. */
export class KeyfobRig {
  readonly device: SimDevice;
  readonly host: VirtualHost;
  readonly panics: Panic[] = [];
  readonly log: string[] = [];
  private request = 0;

  constructor(
    readonly world: World,
    spec: WorldDevice,
  ) {
    this.device = world.add({
      ...spec,
      onLog: (line) => {
        this.log.push(line);
        spec.onLog?.(line);
      },
      onPanic: (panic) => this.panics.push(panic),
    });
    this.host = new VirtualHost(world, this.device);
  }

  newRequest(): number {
    this.request = (this.request % 0xffff) + 1;
    return this.request;
  }

  /** Sends a command until its report comes, as a host does, and returns the report. */
  call(command: number, data: Uint8Array, tries = 4): Buffer {
    for (let i = 1; ; i++) {
      try {
        return Buffer.from(this.host.request(KEYFOB, command, data, 500_000));
      } catch (error) {
        if (!(error instanceof HostTimeout) || i === tries) throw error;
      }
    }
  }

  status() {
    const report = this.call(Command.Status, u16(this.newRequest()));
    return {
      now: report.readUInt32LE(0),
      snoozeUntil: report.readUInt32LE(4),
      uptime: report.readUInt32LE(8),
      lastSync: report.readUInt32LE(12),
      flags: report.readUInt16LE(16),
      role: report[21],
      consentPurpose: report[26],
      consentSeconds: report[27] as number,
    };
  }

  counters(): Counters {
    const report = this.call(Command.Counters, u16(this.newRequest()));
    const at = (index: number): number => report.readUInt32LE(2 + index * 4);
    return {
      chirpsHeard: at(0),
      rowsWritten: at(1),
      rowsEarly: at(2),
      hearingsDropped: at(3),
      minutesChirped: at(6),
      minutesMissed: at(7),
      hciResets: at(8),
      hciErrors: at(9),
      hciGarbage: at(10),
      packetsRefused: at(12),
      restarts: at(17),
      crashes: at(18),
    };
  }

  /** Unix seconds of the world, of which the first moment is START_SECONDS. */
  worldSeconds(): number {
    return START_SECONDS + this.world.nowUs / 1e6;
  }

  setClock(seconds = this.worldSeconds()) {
    const data = Buffer.alloc(8);
    const set = () => {
      data.writeUInt32LE(Math.floor(seconds), 0);
      data.writeUInt16LE(this.newRequest(), 4);
      data.writeUInt16LE(Math.floor((seconds % 1) * 1000), 6);
      return this.call(Command.ClockSet, data);
    };
    const report = this.withPress(set, At.ClockSetReportStatus);
    return {
      driftMs: report.readInt32LE(0),
      sinceSync: report.readUInt32LE(4),
      status: report[10],
      previous: report[11],
    };
  }

  configSet(key: number, value: number): number {
    const data = Buffer.alloc(7);
    data.writeInt32LE(value, 0);
    data[6] = key;
    const set = () => {
      data.writeUInt16LE(this.newRequest(), 4);
      return this.call(Command.ConfigSet, data);
    };
    return this.withPress(set, At.ConfigSetReportStatus)[At.ConfigSetReportStatus] as number;
  }

  regionKeyAdd(region: string, publicKey: Buffer): number {
    const add = () =>
      this.call(Command.RegionKeyAdd, Buffer.concat([u16(this.newRequest()), encodeRegion(region), publicKey]));
    return this.withPress(add, At.RegionKeyAddReportStatus)[At.RegionKeyAddReportStatus] as number;
  }

  /** Snoozes for `minutes`, 0 to end it. */
  snooze(minutes: number): Buffer {
    const snooze = () => this.call(Command.Snooze, Buffer.concat([u16(this.newRequest()), u16(minutes)]));
    return this.withPress(snooze, At.SnoozeReportStatus);
  }

  /** Has the wearer press the button where the keyfob wants that for a change, and tries again. */
  private withPress(change: () => Buffer, statusAt: number): Buffer {
    const report = change();
    if (report[statusAt] !== Status.NoConsent) return report;
    const { request } = this.consent(Purpose.Settings);
    const after = change();
    this.call(Command.ConsentEnd, Buffer.concat([u16(this.newRequest()), u16(request)]));
    return after;
  }

  /** Asks the wearer, presses the button for `pressMs`, and returns the status of the answer. */
  consent(purpose: Purpose, pressMs = 100): { request: number; status: number } {
    const request = this.newRequest();
    const data = Buffer.concat([u16(request), Buffer.from([purpose])]);
    this.call(Command.ConsentAsk, data);
    this.world.run(2 * SECOND_US);
    this.device.button.press(pressMs);
    this.world.run(3 * SECOND_US);
    return { request, status: this.call(Command.ConsentAsk, data)[2] as number };
  }

  exportBegin(request: number, firstHour: number, hours: number, redacted: [number, number][] = []): Buffer {
    const data = Buffer.alloc(8 + redacted.length * 8);
    data.writeUInt32LE(firstHour, 0);
    data.writeUInt16LE(request, 4);
    data.writeUInt16LE(hours, 6);
    redacted.forEach(([from, to], i) => {
      data.writeUInt32LE(from, 8 + i * 8);
      data.writeUInt32LE(to, 12 + i * 8);
    });
    return this.call(Command.ExportBegin, data);
  }

  exportBlock(request: number, block: number): Buffer {
    return this.call(Command.ExportBlock, Buffer.concat([u16(request), u16(block)])).subarray(4);
  }

  /** With the wearer's consent: the seeds of `hours` hours. */
  exportSeeds(firstHour: number, hours: number, redacted: [number, number][] = []): Buffer[] {
    const { request } = this.consent(Purpose.Export);
    const begun = this.exportBegin(request, firstHour, hours, redacted);
    if (begun[2] !== Status.Ok) throw new Error(`export begins with status ${begun[2]}`);
    const seeds: Buffer[] = [];
    for (let block = 0; block < begun.readUInt16LE(6); block++) {
      const bytes = this.exportBlock(request, block);
      for (let at = 0; at < bytes.length; at += 32) seeds.push(bytes.subarray(at, at + 32));
    }
    this.call(Command.ExportEnd, u16(request));
    return seeds;
  }

  importBegin(file: Buffer, request = this.newRequest()): { request: number; nextPiece: number; status: number } {
    const report = this.call(Command.ImportBegin, Buffer.concat([u16(request), file.subarray(0, SHARD_HEADER_BYTES)]));
    return { request, nextPiece: report.readUInt32LE(0), status: report[6] as number };
  }

  sendPiece(file: Buffer, request: number, number: number, ask: boolean): void {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(number, 0);
    header.writeUInt16LE(request, 4);
    header[6] = ask ? 1 : 0;
    const at = SHARD_HEADER_BYTES + number * SHARD_BLOCK_BYTES;
    this.host.command(KEYFOB, Command.ImportPiece, Buffer.concat([header, file.subarray(at, at + SHARD_BLOCK_BYTES)]));
  }

  /** Sends pieces from `next` on, six at a time, up to `end`. @returns the status of the last progress */
  sendPieces(file: Buffer, request: number, next: number, end: number): number {
    let status = Status.Ok as number;
    for (let silent = 0; next < end && status === Status.Ok; ) {
      const last = Math.min(end, next + 6) - 1;
      this.host.received.length = 0;
      for (let n = next; n <= last; n++) this.sendPiece(file, request, n, n === last);
      try {
        const report = Buffer.from(this.host.awaitReport(KEYFOB, Command.ImportProgress, 3 * SECOND_US));
        next = report.readUInt32LE(0);
        status = report[6] as number;
        silent = 0;
      } catch (error) {
        if (!(error instanceof HostTimeout) || ++silent === 4) throw error;
      }
    }
    return status;
  }

  /** Imports a whole shard. @returns the status of the verification, or of the step that failed */
  importShard(file: Buffer): number {
    const { request, nextPiece, status } = this.importBegin(file);
    if (status !== Status.Ok) return status;
    const sent = this.sendPieces(
      file,
      request,
      nextPiece,
      Math.ceil((file.length - SHARD_HEADER_BYTES) / SHARD_BLOCK_BYTES),
    );
    if (sent !== Status.Ok) return sent;
    for (let i = 0; i < 60; i++) {
      const answer = this.call(Command.ImportVerify, u16(request))[2] as number;
      if (answer !== Status.Verifying && answer !== Status.Busy) return answer;
      this.world.run(SECOND_US / 2);
    }
    throw new Error("the verification does not end");
  }

  /** With the wearer's consent: what the keyfob found. */
  results() {
    const { request } = this.consent(Purpose.Results);
    const begun = this.call(Command.ResultsBegin, u16(request), 8);
    if (begun[2] !== Status.Ok) throw new Error(`results begin with status ${begun[2]}`);
    const records: { hour: number; direct: number[]; shared: number[]; reverse: boolean }[] = [];
    for (let block = 0; block < begun.readUInt16LE(6); block++) {
      const bytes = this.call(Command.ResultsBlock, Buffer.concat([u16(request), u16(block)])).subarray(4);
      for (let at = 0; at < bytes.length; at += 16)
        records.push({
          hour: bytes.readUInt32LE(at),
          direct: [...bytes.subarray(at + 4, at + 8)],
          shared: [...bytes.subarray(at + 8, at + 12)],
          reverse: bytes[at + 12] === 1,
        });
    }
    this.call(Command.ResultsEnd, u16(request));
    return records;
  }
}

/** A region with its signing key, and signed shards. */
export class TestRegion {
  private readonly keys = slhDsa.keygen(new Uint8Array(48).fill(7));
  private chunk = 0;

  constructor(readonly name: string) {}

  get publicKey(): Buffer {
    return Buffer.from(this.keys.publicKey);
  }

  /** The next chunk, with these seeds. */
  shard(seeds: readonly ReleasedSeed[], published = START_SECONDS): Buffer {
    this.chunk++;
    const identity = { region: this.name, chunk: this.chunk, published, keyId: keyIdOf(sha256, this.publicKey) };
    const { unsigned, chain } = layOutShard(sha256, identity, packBlocks(seeds));
    const context = Buffer.from(SHARD_SIGNATURE_CONTEXT);
    return Buffer.concat([unsigned, slhDsa.sign(chain, this.keys.secretKey, { context })]);
  }
}

export function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

/** A keyfob that has its clock, and chirps and listens in a world of its own. */
export async function settledKeyfob(seed: string): Promise<KeyfobRig> {
  const world = new World({ seed });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(15 * SECOND_US);
  return keyfob;
}
