// The local socket of a running service: one request and one answer, a JSON line each. The operating system lets in
// whoever may write to a file of mode 0600, that is the service's own user (and root).

import { chmod, rm, stat } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import { type AdminAnswer, type AdminRequest, administer } from "../exposure/administration";
import type { Core } from "../exposure/core";
import { ServiceError } from "./errors";
import { errorKind } from "./log";

const OWNER_ONLY = 0o600;
const OTHERS_NOTHING = 0o177;
const MAX_REQUEST_CHARACTERS = 1_000_000;

/** What goes back over the socket. */
type Reply = { readonly ok: unknown } | { readonly error: string };

/** Listens for commands until `close`, which lets those being carried out finish. The data directory's lock must be held: a leftover socket file is replaced. */
export async function serveAdministration(core: Core): Promise<{ close(): Promise<void> }> {
  const path = core.directory.adminSocket;
  await rm(path, { force: true });
  const silent = new Set<Socket>();
  const working = new Set<Promise<void>>();
  const server = createServer((socket) => {
    silent.add(socket);
    socket.on("close", () => silent.delete(socket));
    socket.on("error", () => socket.destroy());
    void readLine(socket).then(
      (line) => {
        silent.delete(socket);
        const work = answerOne(core, socket, line).finally(() => working.delete(work));
        working.add(work);
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The file appears while listen runs; created narrow, it is never open to others, not even for a moment. A worker
    // thread has no say in this: there the folder, which only its owner may enter, has to do.
    const before = isMainThread ? process.umask(OTHERS_NOTHING) : undefined;
    server.listen(path, () => resolve());
    if (before !== undefined) process.umask(before);
  });
  await chmod(path, OWNER_ONLY);
  return {
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of silent) socket.destroy();
      await Promise.all(working);
      await closed;
    },
  };
}

async function answerOne(core: Core, socket: Socket, line: string): Promise<void> {
  const reply = await Promise.resolve()
    .then((): Promise<unknown> => administer(core, JSON.parse(line) as AdminRequest))
    .then(
      (ok): Reply => ({ ok }),
      (error): Reply => {
        if (error instanceof ServiceError) return { error: error.message };
        core.log("error", "administration-failed", { kind: errorKind(error) });
        return { error: `the service failed to do this (${errorKind(error)}); its log may say more` };
      },
    );
  socket.end(`${JSON.stringify(reply)}\n`);
}

/**
 * Asks the service that runs on a data directory.
 * @returns undefined if none is listening
 * @throws ServiceError with the service's refusal, or if this user may not ask
 */
export async function askService<R extends AdminRequest>(
  path: string,
  request: R,
): Promise<AdminAnswer<R> | undefined> {
  let line: string;
  try {
    // Also tells a folder that may not be entered from one without a socket.
    await stat(path);
    line = await exchange(path, `${JSON.stringify(request)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "EACCES" || code === "EPERM")
      throw new ServiceError(
        `you may not administer this service: only the user who runs it may use ${path}`,
        "refused",
      );
    throw new ServiceError(`the service stopped before it answered (${code ?? "no answer"}): try again`, "unreachable");
  }
  const reply = JSON.parse(line) as Reply;
  if ("error" in reply) throw new ServiceError(reply.error);
  return reply.ok as AdminAnswer<R>;
}

async function exchange(path: string, request: string): Promise<string> {
  const socket = createConnection(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.write(request);
    return await readLine(socket);
  } finally {
    socket.destroy();
  }
}

async function readLine(socket: Socket): Promise<string> {
  socket.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (part: string) => {
      text += part;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > MAX_REQUEST_CHARACTERS) reject(new ServiceError("the request is too long"));
    });
    socket.on("error", reject);
    socket.on("end", () => reject(new ServiceError("the connection ended early")));
  });
}
