// A whole study on one computer: real servers in processes of their own, and every participant of a cohort.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StudyError } from "../base/errors";
import { readAnswer, recordsOf, type StudyAnswer, sizesOf } from "../client/cohortRecords";
import { Participants, randomWords } from "../client/participant";
import { createIdentity } from "../net/identity";
import { createStudy } from "../plan/create";
import { type Institution, LEAST_COHORT, type Study, shapeOf } from "../plan/descriptor";
import type { Cohort } from "../plan/inputs";
import { freePorts, ServerProcess, type ServerReport } from "./serverProcesses";

const HOST = "127.0.0.1";
const COLLECT_SECONDS = 24 * 3600;
const WAIT_SECONDS = 600;
/** Participants who send at the same time. */
const SENDERS = 8;

export interface Simulation {
  readonly answers: readonly { readonly id: string; readonly answer: StudyAnswer }[];
  readonly servers: readonly ServerReport[];
}

/** Where a simulation stands, for people. */
export type OnProgress = (what: string) => void;

/**
 * Runs a study of a cohort. Cohorts below the least one are filled up with bystanders who have no data.
 * @param servers 3, 5 or 7 @throws StudyError
 */
export async function simulateStudy(
  cohort: Cohort,
  servers: number,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Simulation> {
  const sizes = sizesOf(cohort);
  const places = Math.max(cohort.ids.length, LEAST_COHORT);
  const folder = await mkdtemp(join(tmpdir(), "chirpfob-study-"));
  const processes: ServerProcess[] = [];
  const stop = (): void => {
    for (const process of processes) process.kill();
  };
  signal.addEventListener("abort", stop);
  try {
    const institutions = await makeInstitutions(folder, servers);
    const plan = {
      title: "simulated",
      circuit: cohort.circuit,
      ...sizes,
      leastCohort: LEAST_COHORT,
      collectUntil: Math.floor(Date.now() / 1000) + COLLECT_SECONDS,
      waitSeconds: WAIT_SECONDS,
      keepDays: 1,
      servers: institutions,
    };
    const { study, invitations } = createStudy(plan, places);
    const file = join(folder, "study.json");
    await writeFile(file, study.bytes, { mode: 0o600 });
    onProgress(`${servers} servers meet`);
    for (let i = 0; i < servers; i++) processes.push(new ServerProcess(folderOf(folder, i), file));
    await Promise.all(processes.map((process) => process.phase("collect")));
    signal.throwIfAborted();
    const answers = await takePart(cohort, study, invitations, processes, onProgress);
    const reports = await Promise.all(processes.map((process) => process.report()));
    await Promise.all(processes.map((process) => process.line("deleted")));
    return { answers, servers: reports };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", stop);
    await Promise.all(processes.map((process) => process.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

const folderOf = (folder: string, server: number): string => join(folder, `server-${server + 1}`);

async function makeInstitutions(folder: string, servers: number): Promise<Institution[]> {
  const ports = await freePorts(servers);
  const institutions: Institution[] = [];
  for (const [i, port] of ports.entries())
    institutions.push(await createIdentity(folderOf(folder, i), `institution ${i + 1}`, HOST, port));
  return institutions;
}

/** Every place's shares go in, and every participant's answer comes back. */
async function takePart(
  cohort: Cohort,
  study: Study,
  invitations: readonly string[],
  processes: readonly ServerProcess[],
  onProgress: OnProgress,
): Promise<Simulation["answers"]> {
  const { days } = study.descriptor;
  const shape = shapeOf(study.descriptor, 1);
  const participants = new Participants(study, SENDERS);
  try {
    await participants.checkAgreed();
    onProgress(`${invitations.length} participants send their shares`);
    const tokens: string[] = [];
    await inTurns(invitations.length, async (i) => {
      const tables = recordsOf(cohort, i, days, shape, randomWords);
      tokens[i] = await participants.contribute(invitations[i] as string, tables);
    });
    onProgress("the servers compute");
    await Promise.all(processes.map((process) => process.phase("return")));
    onProgress("the participants fetch their answers");
    const answers: StudyAnswer[] = [];
    await inTurns(tokens.length, async (i) => {
      const words = await participants.answer(tokens[i] as string);
      if (!words) throw new StudyError("a participant got no answer", "refused");
      answers[i] = readAnswer(cohort.circuit, words, days, shape);
    });
    return cohort.ids.map((id, i) => ({ id, answer: answers[i] as StudyAnswer }));
  } finally {
    participants.close();
  }
}

/** Does something for each number below `count`, some at a time. */
async function inTurns(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
