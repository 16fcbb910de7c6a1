// The local socket of a running service: one request and one answer, a JSON line each. The operating system lets in
// whoever may write to a file of mode 0600, that is the service's own user (and root).

import { chmod, rm, stat } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import { z } from "zod";
import { ServiceError } from "./errors";
import { errorKind, type Log } from "./log";

const OWNER_ONLY = 0o600;
const OTHERS_NOTHING = 0o177;
const MAX_REQUEST_CHARACTERS = 1_000_000;

/** What goes back over the socket. */
type Reply = { readonly ok: unknown } | { readonly error: string };

const REPLY = z.object({ ok: z.unknown().optional(), error: z.string().optional() }).strict();

/** Carries out one request, JSON that is not checked yet. @throws ServiceError for what the operator can mend */
export type Administer = (request: unknown) => Promise<unknown>;

/** Listens for commands until `close`, which lets those being carried out finish. The folder's lock must be held: a leftover socket file is replaced. */
export async function serveAdministration(
  path: string,
  administer: Administer,
  log: Log,
): Promise<{ close(): Promise<void> }> {
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
        const work = answerOne(administer, log, socket, line).finally(() => working.delete(work));
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

async function answerOne(administer: Administer, log: Log, socket: Socket, line: string): Promise<void> {
  const reply = await carryOut(administer, line).then(
    (ok): Reply => ({ ok }),
    (error): Reply => {
      if (error instanceof ServiceError) return { error: error.message };
      log("error", "administration-failed", { kind: errorKind(error) });
      return { error: `the service failed to do this (${errorKind(error)}); its log may say more` };
    },
  );
  socket.end(`${JSON.stringify(reply)}\n`);
}

async function carryOut(administer: Administer, line: string): Promise<unknown> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    throw new ServiceError("the request is not JSON");
  }
  return administer(request);
}

/**
 * Asks the service that runs on a data directory.
 * @returns undefined if none is listening
 * @throws ServiceError with the service's refusal, or if this user may not ask
 */
export async function askService(path: string, request: object): Promise<{ readonly answer: unknown } | undefined> {
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
  const reply = readReply(line);
  if (reply.error !== undefined) throw new ServiceError(reply.error);
  return { answer: reply.ok };
}

/** @throws ServiceError if it is none: another program, or another version, may listen there */
function readReply(line: string): z.infer<typeof REPLY> {
  try {
    return REPLY.parse(JSON.parse(line));
  } catch {
    throw new ServiceError("what listens there does not answer as a service of this version: start it anew", "refused");
  }
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
