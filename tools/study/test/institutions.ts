// Institutions of a study in folders of a test's own, and the people who take part.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CollisionData, collisionTable } from "../circuits/collisionRecords";
import type { Participants } from "../client/participant";
import { createIdentity } from "../net/identity";
import { createStudy } from "../plan/create";
import { type Institution, LEAST_COHORT, type Study, shapeOf } from "../plan/descriptor";
import { freePorts, ServerProcess } from "../simulate/serverProcesses";
import { randomWords } from "./together";

export interface Institutions {
  readonly folder: string;
  readonly study: Study;
  readonly invitations: readonly string[];
  readonly file: string;
  folderOf(server: number): string;
  start(server: number, nodeOptions?: readonly string[]): ServerProcess;
  /** Ends all servers and removes the folders. */
  close(): Promise<void>;
}

export async function institutions(servers = 3, places = LEAST_COHORT): Promise<Institutions> {
  const folder = await mkdtemp(join(tmpdir(), "study test ä#%-"));
  const folderOf = (server: number): string => join(folder, `server ${server + 1}`);
  const made: Institution[] = [];
  for (const [i, port] of (await freePorts(servers)).entries())
    made.push(await createIdentity(folderOf(i), `institution ${i + 1}`, "127.0.0.1", port));
  const { study, invitations } = createStudy(
    {
      title: "test",
      circuit: "collision",
      days: [20_600],
      // No other array has the size of such a contribution.
      heard: 37,
      own: 1,
      leastCohort: LEAST_COHORT,
      collectUntil: Math.floor(Date.now() / 1000) + 3600,
      waitSeconds: 120,
      keepDays: 1,
      servers: made,
    },
    places,
  );
  const file = join(folder, "study.json");
  await writeFile(file, study.bytes);
  const started: ServerProcess[] = [];
  return {
    folder,
    study,
    invitations,
    file,
    folderOf,
    start(server, nodeOptions) {
      const process = new ServerProcess(folderOf(server), file, nodeOptions);
      started.push(process);
      return process;
    },
    async close() {
      for (const process of started) process.kill();
      await Promise.all(started.map(({ ended }) => ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Everybody has met number 0, who is infected, at their own number. */
export function memberData(number: number): CollisionData {
  return {
    number,
    infected: number === 0,
    from: 10,
    until: undefined,
    encounters: number === 0 ? [] : [{ with: 0, t0: number, dummy: false }],
  };
}

/** Sends a member's shares. @returns the token for the answer */
export function takePart(
  participants: Participants,
  { study, invitations }: Institutions,
  number: number,
): Promise<string> {
  const tables = [collisionTable(memberData(number), shapeOf(study.descriptor, 1), randomWords)];
  return participants.contribute(invitations[number] as string, tables);
}
