// Answers of more than a few kilobytes. The kernel takes megabytes of each that its client does not read, so a fixed number of
// connections may have one at a time. A connection keeps its place until it closes, because nothing else tells whether the
// client has read what the kernel took. When somebody waits, the places of those who do not read are freed.

import type { ServerResponse } from "node:http";
import type { Connection } from "./connections";

/** The code of the error when a client goes in the middle of an answer. */
export const CLIENT_GONE = "ERR_CLIENT_GONE";

export interface TransferLimits {
  /** Connections that may hold unread answers, in all and of one address block. */
  readonly total: number;
  readonly perBlock: number;
  /** How long a request waits for a place. */
  readonly waitMs: number;
  /** After this time without reading, a client makes room if somebody waits. */
  readonly stallMs: number;
  /** After this time without reading, a client is dropped in any case. */
  readonly patienceMs: number;
}

/** Thousands who come at a time are looked at together. */
const CROWD_PAUSE_MS = 10;

/** Each place that is given to the next who will not read costs megabytes of copying, so one after the other. */
const DROP_PAUSE_MS = 20;

/** A place. Its client has let us wait since `stalledSince`; undefined while we are the one to act. */
interface Place {
  readonly connection: Connection;
  stalledSince: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

interface Waiter {
  readonly connection: Connection;
  readonly take: (granted: boolean) => void;
}

export class Transfers {
  private readonly places = new Map<Connection, Place>();
  private readonly waiting = new Set<Waiter>();
  /** Places by address block. */
  private readonly held = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private nextDropMs = 0;

  constructor(
    private readonly limits: TransferLimits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Waits for a place; false if there is none in time, or the client has gone. */
  enter(connection: Connection): Promise<boolean> {
    const mine = this.places.get(connection);
    if (mine !== undefined) {
      this.setStalled(mine, false);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const waiter: Waiter = {
        connection,
        take: (granted) => {
          if (!this.waiting.delete(waiter)) return;
          clearTimeout(giveUp);
          resolve(granted);
        },
      };
      const giveUp = setTimeout(() => waiter.take(false), this.limits.waitMs);
      this.waiting.add(waiter);
      connection.onClose(() => waiter.take(false));
      const hasRoom = this.places.size < this.limits.total && this.heldBy(connection.block) < this.limits.perBlock;
      if (hasRoom) this.lookSoon();
      else this.lookAgainAfter(CROWD_PAUSE_MS);
    });
  }

  /**
   * Writes the pieces of an answer, each when the client has made room for it. Without a place the client has gone.
   * @param start writes the headers; called when the first piece is there
   * @throws an error with code CLIENT_GONE if the client goes
   */
  async send(
    connection: Connection,
    response: ServerResponse,
    start: () => void,
    pieces: AsyncIterable<Buffer>,
  ): Promise<void> {
    const place = this.places.get(connection);
    if (place === undefined || response.destroyed) throw goneError();
    const gone = new Promise<never>((_, reject) => response.once("close", () => reject(goneError())));
    gone.catch(() => undefined);
    // A client that asks for the connection to be closed must close it first: what Node does by itself would leave
    // unread megabytes to the kernel, with nobody to count them.
    const socket = response.socket;
    if (socket !== null) socket.destroySoon = () => socket.end();
    // One piece behind, so that the last one ends the answer: a client that has all of it may ask again at once.
    let piece: Buffer | undefined;
    for await (const following of pieces) {
      if (piece !== undefined) {
        const whole = piece;
        this.setStalled(place, true);
        await Promise.race([gone, new Promise((resolve) => response.write(whole, resolve))]);
        this.setStalled(place, false);
      } else start();
      piece = following;
    }
    if (piece === undefined) start();
    this.setStalled(place, true);
    response.end(piece);
  }

  /** Whether the kernel may hold something for a client that it has not read. */
  isHolding(connection: Connection): boolean {
    return this.places.has(connection);
  }

  private setStalled(place: Place, isStalled: boolean): void {
    clearTimeout(place.timer);
    if (isStalled) {
      place.stalledSince = this.nowMs();
      place.connection.waitForClient();
      place.timer = setTimeout(() => place.connection.reset(), this.limits.patienceMs);
      place.timer.unref();
      if (this.waiting.size > 0) this.lookAgainAfter(this.limits.stallMs);
    } else {
      place.stalledSince = undefined;
      place.connection.work();
    }
  }

  /** Gives free places away, frees those of clients that do not read, and comes back when the next one may be freed. */
  private serveWaiting(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (;;) {
      const next = this.nextWaiter();
      if (next === undefined) break;
      this.grant(next);
    }
    if (this.waiting.size === 0) return;
    const blocked = new Set([...this.waiting].map(({ connection }) => connection.block));
    const isFull = this.places.size >= this.limits.total;
    const candidates = [...this.places.values()].filter(
      ({ connection, stalledSince }) => stalledSince !== undefined && (isFull || blocked.has(connection.block)),
    );
    const victim = this.choose(candidates);
    if (victim === undefined) return;
    const now = this.nowMs();
    const ripeIn = Math.max((victim.stalledSince ?? 0) + this.limits.stallMs, this.nextDropMs) - now;
    if (ripeIn > 0) {
      this.lookAgainAfter(ripeIn);
      return;
    }
    // Its place becomes free as it closes, which serves the next.
    this.nextDropMs = now + DROP_PAUSE_MS;
    victim.connection.reset();
  }

  /** Once for all that happen in one turn of the event loop. */
  private lookSoon(): void {
    if (this.isLooking) return;
    this.isLooking = true;
    setImmediate(() => {
      this.isLooking = false;
      this.serveWaiting();
    });
  }

  private lookAgainAfter(pauseMs: number): void {
    this.timer ??= setTimeout(() => this.serveWaiting(), Math.ceil(pauseMs));
  }

  /** The one whose block holds fewest places; among those the last to come, whom fewest others have made wait. */
  private nextWaiter(): Waiter | undefined {
    if (this.places.size >= this.limits.total) return undefined;
    let found: Waiter | undefined;
    let fewest = this.limits.perBlock;
    for (const waiter of this.waiting) {
      const count = this.heldBy(waiter.connection.block);
      if (count < this.limits.perBlock && count <= fewest) {
        found = waiter;
        fewest = count;
      }
    }
    return found;
  }

  /** Of those that may have to go: the block that holds most, and in it whoever has not read for longest. */
  private choose(candidates: readonly Place[]): Place | undefined {
    const weight = ({ connection }: Place) => this.heldBy(connection.block);
    return [...candidates].sort((a, b) => weight(b) - weight(a) || (a.stalledSince ?? 0) - (b.stalledSince ?? 0))[0];
  }

  private heldBy(block: string): number {
    return this.held.get(block) ?? 0;
  }

  private count(block: string, change: number): void {
    const count = this.heldBy(block) + change;
    if (count === 0) this.held.delete(block);
    else this.held.set(block, count);
  }

  private grant(waiter: Waiter): void {
    const { connection } = waiter;
    const place: Place = { connection, stalledSince: undefined, timer: undefined };
    this.places.set(connection, place);
    this.count(connection.block, 1);
    connection.onClose(() => {
      clearTimeout(place.timer);
      this.places.delete(connection);
      this.count(connection.block, -1);
      if (this.waiting.size > 0) this.lookSoon();
    });
    waiter.take(true);
  }
}

function goneError(): Error {
  return Object.assign(new Error("the client went away"), { code: CLIENT_GONE });
}
