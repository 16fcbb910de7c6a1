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
    const isOpen = this.isOpen();
    if (request === this.request && purpose === this.purpose) return this.state;
    if (isOpen) return Status.Busy;
    this.request = request;
    this.purpose = purpose;
    this.state = Status.WaitingForButton;
    this.until = this.timer.millis() + CONSENT_WINDOW_MS;
    this.usedBy = 0;
    return this.state;
  }

  /**
   * A press of the button, which began `heldMs` ago, says Ok or Refused. @returns whether it answered a question: a button that
   * was already down when the question came did not
   */
  answer(heldMs: number, answer: Status): boolean {
    const now = this.timer.millis();
    if (!this.isPending() || now - heldMs < this.until - CONSENT_WINDOW_MS) return false;
    this.state = answer;
    this.until = now + CONSENT_IDLE_MS;
    return true;
  }

  /** Whether operation `request` may go on (or begin) under a consent for `purpose`; every call keeps it open. */
  covers(purpose: Purpose, request: number): boolean {
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
    return this.isOpen() && this.state === Status.WaitingForButton;
  }

  isGranted(): boolean {
    return this.isOpen() && this.state === Status.Ok;
  }

  /** What is asked or granted, None if nothing is. */
  openPurpose(): Purpose {
    return this.isOpen() ? this.purpose : Purpose.None;
  }

  /** Seconds left to press, or of the consent; 0 if nothing is open. */
  secondsLeft(): number {
    return this.isOpen() ? Math.ceil((this.until - this.timer.millis()) / 1000) : 0;
  }

  /** Asked or granted, and not expired. */
  private isOpen(): boolean {
    if (this.state !== Status.WaitingForButton && this.state !== Status.Ok) return false;
    if (this.timer.millis() < this.until) return true;
    this.state = Status.Expired;
    return false;
  }
}
