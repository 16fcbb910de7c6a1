// Who is connected. A connection either waits for this program or this program waits for the client; only the latter can
// be closed to make room, and the one that has let us wait longest goes first. So whoever opens connections and does
// nothing with them keeps nobody out.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { blockOf } from "./addressBlock";

export interface ConnectionLimits {
  /** Most connections in all. */
  readonly total: number;
  /** Most connections of one address block; no limit of its own where a proxy stands in front, which has one address. */
  readonly perBlock: number;
}

export class Connection {
  /** When the client's turn began, in milliseconds; undefined while it waits for us. */
  clientSince: number | undefined;
  private isAnswering = false;
  private readonly closeListeners: (() => void)[] = [];

  constructor(
    /** The operating system's connection, below TLS. */
    private readonly socket: Socket,
    readonly block: string,
    private readonly nowMs: () => number,
  ) {
    this.clientSince = nowMs();
    socket.once("close", () => {
      for (const listener of this.closeListeners.splice(0)) listener();
    });
  }

  /**
   * Notes a request; false if the one before it has no answer yet. Node reads ahead, and each request that waits costs
   * memory and, for a file, a descriptor that nobody closes when the client hangs up.
   */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.isAnswering) return false;
    this.isAnswering = true;
    this.clientSince = hasBody(request) ? this.nowMs() : undefined;
    request.once("end", () => this.work());
    const answered = () => {
      this.isAnswering = false;
      this.waitForClient();
    };
    response.once("finish", answered);
    response.once("close", answered);
    return true;
  }

  /** It is our turn. */
  work(): void {
    this.clientSince = undefined;
  }

  /** It is the client's turn: to send, or to read. */
  waitForClient(): void {
    this.clientSince = this.nowMs();
  }

  isIdle(): boolean {
    return !this.isAnswering;
  }

  onClose(listener: () => void): void {
    if (this.socket.destroyed) listener();
    else this.closeListeners.push(listener);
  }

  /** Ends it once what was written has left. */
  close(): void {
    this.socket.destroy();
  }

  /** Ends it at once; what the client has not read is dropped, so that the kernel keeps nothing of it either. */
  reset(): void {
    if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }
}

export class Connections {
  private readonly open = new Set<Connection>();
  /** By the two sockets that TLS makes of one connection. */
  private readonly bySocket = new WeakMap<Socket, Connection>();
  private readonly byPeer = new Map<string, Connection>();

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Takes a new connection in, if need be in place of another one. */
  admit(socket: Socket): void {
    const { remoteAddress = "" } = socket;
    const connection = new Connection(socket, blockOf(remoteAddress), this.nowMs);
    const ofBlock = [...this.open].filter(({ block }) => block === connection.block);
    const rivals =
      ofBlock.length >= this.limits.perBlock ? ofBlock : this.open.size >= this.limits.total ? [...this.open] : [];
    if (rivals.length > 0) {
      const slowest = longestWaited(rivals);
      if (slowest === undefined) {
        socket.resetAndDestroy();
        return;
      }
      this.open.delete(slowest);
      slowest.reset();
    }
    const peer = peerOf(socket);
    this.open.add(connection);
    this.bySocket.set(socket, connection);
    this.byPeer.set(peer, connection);
    socket.once("close", () => {
      this.open.delete(connection);
      if (this.byPeer.get(peer) === connection) this.byPeer.delete(peer);
    });
  }

  /** The connection of a request's socket, which may be the TLS socket upon the one that was admitted. */
  of(socket: Socket): Connection | undefined {
    const connection = this.bySocket.get(socket) ?? this.byPeer.get(peerOf(socket));
    if (connection !== undefined) this.bySocket.set(socket, connection);
    return connection;
  }

  /** Closes all that have no request under way, those in the middle of a TLS handshake included. */
  closeIdle(): void {
    for (const connection of this.open) if (connection.isIdle()) connection.close();
  }

  closeAll(): void {
    for (const connection of this.open) connection.reset();
  }
}

function longestWaited(connections: readonly Connection[]): Connection | undefined {
  let found: Connection | undefined;
  for (const one of connections)
    if (one.clientSince !== undefined && one.clientSince < (found?.clientSince ?? Number.POSITIVE_INFINITY))
      found = one;
  return found;
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
