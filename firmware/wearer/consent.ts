import { Purpose, Status } from "../../protocol/keyfob/codes";
import type { Timer } from "../base/timer";

/** How long the wearer has to press the button. */
export const CONSENT_WINDOW_MS = 30000;
/** How long a given consent waits for its operation, or an operation for its next packet. */
export const CONSENT_IDLE_MS = 15000;
/** As `request` of covers(): the consent is for whatever its purpose allows, one operation after the other. */
export const ANY_OPERATION = 0;

/**
 * The wearer's consent to one operation: asked by the host, given by a short press of the button within 30 s, refused by a
 * long one. It covers the operation begun with it and ends with it.
 */
export class Consent {
  private readonly timer: Timer;
  private request: number;
  private purpose: Purpose;
  private state: Status;
  private until: number;
  /** The `request` of the operation that uses it, 0 while it waits for one. */
  private usedBy: number;

  constructor(timer: Timer) {
    this.timer = timer;
    this.request = 0;
    this.purpose = Purpose.None;
    this.state = Status.Expired;
    this.until = 0;
    this.usedBy = 0;
  }

  /** Opens a question, or says how the one with this `request` stands: Busy while another is open. */
  ask(request: number, purpose: Purpose): Status {
    this.expire();
    if (request === this.request && purpose === this.purpose) return this.state;
    if (this.isOpen()) return Status.Busy;
    this.request = request;
    this.purpose = purpose;
    this.state = Status.WaitingForButton;
    this.until = this.timer.millis() + CONSENT_WINDOW_MS;
    this.usedBy = 0;
    return this.state;
  }

  /** A short press, which began `heldMs` ago. @returns whether it answered a question */
  grant(heldMs: number): boolean {
    if (!this.answers(heldMs)) return false;
    this.state = Status.Ok;
    this.until = this.timer.millis() + CONSENT_IDLE_MS;
    return true;
  }

  /** A long press, which began `heldMs` ago. @returns whether it answered a question */
  refuse(heldMs: number): boolean {
    if (!this.answers(heldMs)) return false;
    this.state = Status.Refused;
    return true;
  }

  /** Whether operation `request` may go on (or begin) under a consent for `purpose`; every call keeps it open. */
  covers(purpose: Purpose, request: number): boolean {
    this.expire();
    if (!this.isGranted() || this.purpose !== purpose || (this.usedBy !== 0 && this.usedBy !== request)) return false;
    this.usedBy = request;
    this.until = this.timer.millis() + CONSENT_IDLE_MS;
    return true;
  }

  /** The host takes its question back, or is through with what it asked for. @returns false if it asked none of `request` */
  withdraw(request: number): boolean {
    if (request === 0 || request !== this.request || !this.isOpen()) return false;
    this.end();
    return true;
  }

  /** The operation is over. */
  end(): void {
    this.state = Status.Expired;
    this.purpose = Purpose.None;
    this.request = 0;
  }

  isPending(): boolean {
    this.expire();
    return this.state === Status.WaitingForButton;
  }

  isGranted(): boolean {
    this.expire();
    return this.state === Status.Ok;
  }

  /** What is asked or granted, None if nothing is. */
  openPurpose(): Purpose {
    return this.isOpen() ? this.purpose : Purpose.None;
  }

  /** Seconds left to press, or of the consent; 0 if nothing is open. */
  secondsLeft(): number {
    return this.isOpen() ? Math.ceil((this.until - this.timer.millis()) / 1000) : 0;
  }

  private isOpen(): boolean {
    this.expire();
    return this.isAskedOrGiven();
  }

  private answers(heldMs: number): boolean {
    // A button that was already down when the question came did not answer it.
    return this.isPending() && this.timer.millis() - heldMs >= this.until - CONSENT_WINDOW_MS;
  }

  private expire(): void {
    if (this.timer.millis() >= this.until && this.isAskedOrGiven()) this.state = Status.Expired;
  }

  private isAskedOrGiven(): boolean {
    return this.state === Status.WaitingForButton || this.state === Status.Ok;
  }
}
