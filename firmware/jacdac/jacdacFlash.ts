import * as ds from "@devicescript/core";
import { Turn } from "../base/turn";
import { FlashError, FlashFault, type FlashStore, TRANSFER_BYTES } from "../board/flashStore";
import { onReport } from "./roleHooks";

const ATTEMPTS = 5;
const ANSWER_MS = 250;
/** Slow chips take up to 400 ms to erase a sector. */
const ERASE_ANSWER_MS = 1000;
const POLL_MS = 20;
/** So long after the start the store may appear. */
const APPEAR_MS = 10000;

/** Register `size` of services/flashstore.md as a Jacdac command that reads it. */
const GET_SIZE = 0x1180;

/** In every report: offset u32 | id u16 | status u8. */
const ID_AT = 4;
const STATUS_AT = 6;
const DATA_AT = 7;

/**
 * A flash store behind services/flashstore.md. One request is under way at a time, because a report that arrives in the same
 * moment as another may be lost on its way through DeviceScript; a request without an answer is repeated under a new id.
 */
export class JacdacFlash implements FlashStore {
  size: number;
  /** Requests that had to be repeated since start. */
  retries: number;

  private readonly service: ds.FlashStore;
  private readonly turn: Turn;
  private id: number;
  private wantedCode: number;
  private wantedId: number;
  private answer: Buffer | undefined;
  private waiting: ds.Fiber | undefined;

  /** A store whose size is not known yet: connect() before use. */
  constructor() {
    this.service = new ds.FlashStore();
    this.turn = new Turn(async () => {
      await ds.sleep(1);
    });
    this.size = 0;
    this.retries = 0;
    this.id = 0;
    this.wantedCode = -1;
    this.wantedId = -1;
    listen(this.service, this);
  }

  /** Waits for the store to appear on the bus and asks for its size. @throws FlashError if it does not within `timeoutMs` */
  async connect(timeoutMs: number): Promise<void> {
    const service = this.service;
    for (let ms = 0; !service.isBound && ms < timeoutMs; ms += POLL_MS) await ds.sleep(POLL_MS);
    const size = await this.request(GET_SIZE, ANSWER_MS, async () => {
      await service.sendCommand(GET_SIZE);
    });
    if (size.length !== 4) throw new FlashError("the flash store does not tell its size");
    this.size = size.getAt(0, "u32");
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return await this.readStrided(offset, length, length, 1);
  }

  async readStrided(offset: number, stride: number, length: number, count: number): Promise<Buffer> {
    const total = length * count;
    if (total < 1 || total > TRANSFER_BYTES) throw new RangeError(`flash read of ${total} bytes`);
    const service = this.service;
    const report = await this.request(ds.FlashStoreCodes.CmdRead, ANSWER_MS, async (id) => {
      await service.read(offset, stride, id, length, count);
    });
    checkStatus(report, "read", offset);
    if (report.length !== DATA_AT + total) throw new FlashError(`flash read at ${offset}: answer of wrong length`);
    return report.slice(DATA_AT);
  }

  async program(offset: number, data: Buffer): Promise<void> {
    const service = this.service;
    const report = await this.request(ds.FlashStoreCodes.CmdProgram, ANSWER_MS, async (id) => {
      await service.program(offset, id, data);
    });
    checkStatus(report, "program", offset);
  }

  async erase(offset: number): Promise<void> {
    const service = this.service;
    const report = await this.request(ds.FlashStoreCodes.CmdErase, ERASE_ANSWER_MS, async (id) => {
      await service.erase(offset, id);
    });
    checkStatus(report, "erase", offset);
  }

  private async request(code: number, answerMs: number, send: (id: number) => Promise<void>): Promise<Buffer> {
    await this.turn.take();
    try {
      for (let attempt = 0; attempt < ATTEMPTS && this.service.isBound; attempt++) {
        if (attempt > 0) this.retries++;
        this.id = (this.id + 1) & 0xffff;
        this.answer = undefined;
        this.wantedId = this.id;
        this.wantedCode = code;
        await send(this.id);
        if (!this.answer) {
          this.waiting = ds.Fiber.self();
          await ds.suspend(answerMs);
          this.waiting = undefined;
        }
        if (this.answer) return this.answer;
      }
      throw new FlashError(this.service.isBound ? "the flash store does not answer" : "there is no flash store");
    } finally {
      this.wantedCode = -1;
      this.turn.give();
    }
  }

  /** Takes a report of the service; those that answer no request under way are ignored. */
  received(code: number, report: Buffer): void {
    if (code !== this.wantedCode || this.answer) return;
    if (code !== GET_SIZE && (report.length < DATA_AT || report.getAt(ID_AT, "u16") !== this.wantedId)) return;
    this.answer = report;
    const fiber = this.waiting;
    this.waiting = undefined;
    if (fiber) fiber.resume(undefined);
  }
}

/** The store behind services/flashstore.md that this device or the simulator offers, once it is there. @throws FlashError */
export async function openPartition(): Promise<FlashStore> {
  const flash = new JacdacFlash();
  await flash.connect(APPEAR_MS);
  return flash;
}

/** Passes the service's reports on; a function of its own because DeviceScript's closures cannot use `this`. */
function listen(service: ds.FlashStore, store: JacdacFlash): void {
  onReport(service, (packet) => store.received(packet.serviceCommand, packet.payload));
}

function checkStatus(report: Buffer, operation: string, offset: number): void {
  const status = report[STATUS_AT];
  if (status === ds.FlashStoreStatus.Ok) return;
  const text = `flash ${operation} at ${offset}: status ${status}`;
  if (status === ds.FlashStoreStatus.OutOfRange) throw new FlashError(text);
  throw new FlashFault(text);
}
