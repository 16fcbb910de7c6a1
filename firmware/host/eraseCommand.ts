import { readU32 } from "../../protocol/base/bytes";
import { type Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { getU16, getU32, putU32 } from "../base/littleEndian";
import type { Consent } from "../wearer/consent";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

/** Erasing everything: asked for with token 0, confirmed with the token and the button. */
export class EraseCommand implements CommandGroup {
  private readonly consent: Consent;
  private readonly randomBytes: (length: number) => Buffer;
  private readonly eraseAll: () => Promise<void>;
  private readonly background: (work: () => Promise<void>) => void;
  private token: number;
  private request: number;
  private state: Status;

  /** @param eraseAll erases; when it resolves, a restart is due */
  constructor(
    consent: Consent,
    randomBytes: (length: number) => Buffer,
    eraseAll: () => Promise<void>,
    background: (work: () => Promise<void>) => void,
  ) {
    this.consent = consent;
    this.randomBytes = randomBytes;
    this.eraseAll = eraseAll;
    this.background = background;
    this.token = 0;
    this.request = 0;
    this.state = Status.NotBegun;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const request = getU16(payload, At.EraseRequest);
    const status = request === 0 ? Status.Malformed : this.advance(getU32(payload, At.EraseToken), request);
    const report = reportTo(command, payload, status);
    if (request === this.request) putU32(report, At.EraseReportToken, this.token);
    return report;
  }

  private advance(token: number, request: number): Status {
    if (this.state === Status.Busy || this.state === Status.Ok)
      return request === this.request ? this.state : Status.Busy;
    if (token === 0) {
      const asked = this.consent.ask(request, Purpose.Erase);
      if (asked === Status.WaitingForButton && request !== this.request) {
        this.request = request;
        this.token = readU32(this.randomBytes(4), 0);
        if (this.token === 0) this.token = 1;
      }
      return asked;
    }
    if (request !== this.request || token !== this.token) return Status.NotBegun;
    if (!this.consent.covers(Purpose.Erase, request)) return this.consent.ask(request, Purpose.Erase);
    this.start();
    return this.state;
  }

  private start(): void {
    const self = this;
    this.state = Status.Busy;
    this.background(async () => {
      try {
        await self.eraseAll();
        self.state = Status.Ok;
      } catch (_error) {
        self.state = Status.StorageFault;
        self.request = 0;
      }
      self.consent.end();
    });
  }
}
