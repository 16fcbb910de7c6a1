// What went into an answer, each figure with its source: for the terminal, the JSON and the page alike.

import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import DEFAULTS from "../../power/defaults.json" with { type: "json" };
import type { KeyfobAnswer, KeyfobQuestion } from "../keyfobStudy";
import { CONTACTS, DISEASE, type Parameter, PUBLICATION, RESPONSE } from "../parameters";

/** The first line of every answer. */
export const NOTICE =
  "A model, not a forecast: it compares choices under assumptions, and does not say what will happen.";

/** Every figure that an answer rests on, in the order in which they matter. */
export function keyfobSources(question: KeyfobQuestion, { basis }: KeyfobAnswer): Parameter[] {
  const own: Record<string, Parameter> = { ...DISEASE, ...RESPONSE, ...CONTACTS };
  const given = Object.entries(own)
    .filter(([name]) => name !== "delayDays")
    .map(([name, parameter]) => {
      const value = question[name as keyof KeyfobQuestion] as number;
      return { ...parameter, value: rounded(value), source: value === parameter.value ? parameter.source : "given" };
    });
  const { scanWindowMs, scanIntervalMs, chirpIntervalMs } = DEFAULTS;
  const { limitsDb, weights, alertAt } = DEFAULT_SCORE;
  const [first, ...rest] = given;
  return [
    first as Parameter,
    {
      value: rounded(basis.betaPerHour),
      unit: "infections an hour",
      meaning: "together with one infectious person",
      source: "calibrated, so that R0 comes out on the lengths of contacts below",
    },
    ...rest,
    {
      value: rounded(basis.telling.minutesHeard),
      unit: "share",
      meaning: "minutes of a contact in which a chirp is heard",
      source: `the power model at ${scanWindowMs} of ${scanIntervalMs} ms and a chirp every ${chirpIntervalMs} ms, which agrees with the simulator (docs/hardware.md)`,
    },
    {
      value: rounded(basis.world.told),
      unit: "share",
      meaning: "contacts that infect of which the keyfob tells",
      source:
        question.told === undefined
          ? `the simulator's radio model face to face, and the score: ${alertAt} weighted minutes in a day, weights ${weights.join(", ")} up to ${limitsDb.join(", ")} dB and beyond`
          : "given",
    },
    {
      value: rounded(basis.telling.perDay),
      unit: "people a day",
      meaning: "of whose contact with one person keyfobs tell, if all wear one",
      source: "the same, over all contacts",
    },
    PUBLICATION.everyHours,
    PUBLICATION.embargoMinutes,
  ];
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
