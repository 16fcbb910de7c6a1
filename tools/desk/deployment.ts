import { sha256 } from "../base/sha256";
import type { BoardConnection } from "../keyfob/board";
import { awaitProgram, deploy, findManager, programDigest } from "../keyfob/deploy";
import { DeviceError } from "../keyfob/deviceError";
import type { BoardSession } from "./session";

/** What became of a deployment. */
export interface Deployment {
  readonly bytes: number;
  /** SHA-256 of the program, as the board read it back; hexadecimal. */
  readonly sha256: string;
  /** The board had it already, and nothing was written. */
  readonly wasThere: boolean;
}

/** Writes a program to a board unless it has it, and waits until the board runs it after a restart. */
export async function deployTo(session: BoardSession, image: Buffer, force: boolean): Promise<Deployment> {
  const digest = sha256(image).toString("hex");
  const manager = await findManager(session.board);
  if (!force && (await programDigest(session.board, manager))?.toString("hex") === digest)
    return { bytes: image.length, sha256: digest, wasThere: true };
  const { tell } = session;
  const onProgress = (done: number) => tell({ kind: "progress", task: "deploy", done, of: image.length });
  try {
    await deploy(session.board, image, onProgress, session.signal);
  } finally {
    tell({ kind: "over", task: "deploy" });
  }
  const held = await withReconnect(session, (board) => awaitProgram(board, image, session.signal));
  return { bytes: image.length, sha256: held.toString("hex"), wasThere: false };
}

/** Some boards drop off the bus when they restart: then the port is opened again, once. */
async function withReconnect<T>(session: BoardSession, work: (board: BoardConnection) => Promise<T>): Promise<T> {
  try {
    return await work(session.board);
  } catch (error) {
    if (!(error instanceof DeviceError) || error.kind !== "lost") throw error;
    await session.reconnect();
    return await work(session.board);
  }
}
