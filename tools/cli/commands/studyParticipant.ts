import type { Command } from "commander";
import { z } from "zod";
import { expectFree, readWhole, writePrivateFile } from "../../base/files";
import { StudyError } from "../../study/base/errors";
import { readAnswer, recordsOf } from "../../study/client/cohortRecords";
import { Participants, randomWords } from "../../study/client/participant";
import { parseStudy, readJson, type Study, shapeOf } from "../../study/plan/descriptor";
import { type Cohort, parseOwnChirps, parseOwnCollision } from "../../study/plan/inputs";
import { note, printJson, printLine } from "../output";
import { answerForJson, describeAnswer } from "../studyAnswer";
import { asStudyCliError } from "../studyErrors";

interface JoinOptions {
  readonly study: string;
  readonly invitation: string;
  readonly input: string;
  readonly output: string;
  readonly json?: boolean;
}

interface ResultOptions {
  readonly study: string;
  readonly receipt: string;
  readonly json?: boolean;
}

const receiptSchema = z.strictObject({ study: z.string(), token: z.string().regex(/^[0-9a-f]{64}$/) });

/** `chirpfob study join` and `study result`: what participants do. */
export function addStudyParticipantCommands(study: Command): void {
  study
    .command("join")
    .description("take part in a study: your data leave this computer as shares, some to each server")
    .requiredOption("--study <file>", "the study that you agree to")
    .requiredOption("--invitation <number>", "your invitation number")
    .requiredOption("--input <file>", "JSON: your data")
    .requiredOption("-o, --output <file>", "the receipt, with which you alone get your answer")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob study join --study study.json --invitation NUMBER --input mine.json -o receipt.json",
    )
    .action((options: JoinOptions) => asStudyCliError(() => join(options)));

  study
    .command("result")
    .description("fetch your answer; the servers forget it then")
    .requiredOption("--study <file>", "the study that you took part in")
    .requiredOption("--receipt <file>", "what `study join` wrote")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob study result --study study.json --receipt receipt.json")
    .action((options: ResultOptions) => asStudyCliError(() => result(options)));
}

async function join({ study: file, invitation, input, output, json }: JoinOptions): Promise<void> {
  const study = parseStudy(await readWhole(file), file);
  const tables = recordsOf(
    await ownData(study, input),
    0,
    study.descriptor.days,
    shapeOf(study.descriptor, 1),
    randomWords,
  );
  await expectFree(output, false);
  await withParticipants(study, async (participants) => {
    await participants.checkAgreed();
    const token = await participants.contribute(invitation, tables);
    const receipt = JSON.stringify({ study: study.digest, token });
    const readers = await writePrivateFile(output, `${receipt}\n`, false);
    if (json) printJson({ study: study.digest, receipt: output });
    note(`You take part in "${study.descriptor.title}". The receipt is in ${output} (${readers}).`);
  });
}

async function ownData({ descriptor }: Study, file: string): Promise<Cohort> {
  const bytes = await readWhole(file);
  const tooMany = (count: number): StudyError =>
    new StudyError(`${file} has ${count} encounters, this study takes ${descriptor.heard} at most: leave some out`);
  if (descriptor.circuit === "chirps") return { circuit: "chirps", ids: [""], people: [parseOwnChirps(bytes, file)] };
  const own = parseOwnCollision(bytes, file);
  if (own.encounters.length > descriptor.heard) throw tooMany(own.encounters.length);
  return { circuit: "collision", ids: [""], people: [own] };
}

async function result({ study: file, receipt: receiptFile, json }: ResultOptions): Promise<void> {
  const study = parseStudy(await readWhole(file), file);
  const receipt = readJson(receiptSchema, await readWhole(receiptFile), receiptFile);
  if (receipt.study !== study.digest)
    throw new StudyError(`${receiptFile} is the receipt of another study than ${file}`);
  await withParticipants(study, async (participants) => {
    const words = await participants.answer(receipt.token);
    if (!words)
      throw new StudyError(
        "the servers have no answer for this receipt: not yet, not any more, or the study ended early. Try again after it has computed",
        "refused",
      );
    const answer = readAnswer(study.descriptor.circuit, words, study.descriptor.days, shapeOf(study.descriptor, 1));
    if (json) return printJson(answerForJson(answer));
    for (const line of describeAnswer(answer)) printLine(line);
  });
}

async function withParticipants(study: Study, work: (participants: Participants) => Promise<void>): Promise<void> {
  const participants = new Participants(study);
  try {
    await work(participants);
  } finally {
    participants.close();
  }
}
