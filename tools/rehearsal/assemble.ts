import type { Circumstances } from "./differences";
import { evaluate, type KeyfobAnswer } from "./evaluate";
import { type Deed, type LoopResult, RESULT_VERSION, type RepeaterReport, type Shard, type Upload } from "./result";
import { encountersOf } from "./scene";

/** More people than this, and only encounters with infected people are listed. */
const MAX_ALL_ENCOUNTERS = 20;

/** What the run observed beside the keyfobs' answers. */
export interface Observations {
  readonly radio: LoopResult["scene"]["radio"];
  readonly seed: number;
  readonly answers: readonly KeyfobAnswer[];
  readonly uploads: readonly Upload[];
  readonly shards: readonly Shard[];
  readonly repeaters: readonly Omit<RepeaterReport, "passedOnMinutes">[];
}

/** Puts the result document together. */
export function assembleResult(circumstances: Circumstances, observed: Observations): LoopResult {
  const { scene, powerLosses } = circumstances;
  const { radio, seed, answers, uploads, shards, repeaters } = observed;
  const ill = new Set(scene.diagnosed);
  const evaluation = evaluate(circumstances, answers);
  const shared = evaluation.people.reduce((sum, person) => sum + person.sharedMinutes, 0);
  const deeds: Deed[] = [
    ...scene.snoozes.map((snooze) => ({ ...snooze, kind: "snooze" as const })),
    ...scene.redactions.map(({ id, fromHour, toHour }) => ({
      id,
      kind: "redact" as const,
      fromS: fromHour * 3600,
      toS: toHour * 3600,
    })),
    ...powerLosses.map((loss) => ({ ...loss, kind: "powerLoss" as const })),
  ];
  const encounters = encountersOf(scene);
  const { name, title, fromS, toS, people, diagnosed } = scene;
  return {
    version: RESULT_VERSION,
    scene: { name, title, fromS, toS, radio, seed, people, diagnosed },
    ...evaluation,
    uploads,
    shards,
    // With several repeaters nobody knows which of them passed a chirp on: it says nothing of itself on the air.
    repeaters: repeaters.map((repeater) => ({ ...repeater, passedOnMinutes: shared })),
    encounters:
      people.length <= MAX_ALL_ENCOUNTERS ? encounters : encounters.filter(({ a, b }) => ill.has(a) || ill.has(b)),
    deeds,
  };
}
