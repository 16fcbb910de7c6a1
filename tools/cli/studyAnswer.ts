// A study's answer, for programs and for people.

import { dateOfDay } from "../study/base/days";
import type { ChirpsAnswer } from "../study/circuits/chirpsRecords";
import type { StudyAnswer } from "../study/client/cohortRecords";

const MEANING: Record<ChirpsAnswer["advice"], string> = {
  none: "nothing to do",
  notice: "notice",
  alert: "talk to your health service",
};

/** As `--json` prints it. */
export function answerForJson(answer: StudyAnswer): Record<string, unknown> {
  if (answer.circuit === "collision") return { exposed: answer.exposed, first: answer.first };
  return { days: answer.days.map((day) => ({ ...day, date: dateOfDay(day.day) })) };
}

/** One line for each thing that an answer says. */
export function describeAnswer(answer: StudyAnswer): string[] {
  if (answer.circuit === "collision")
    return [
      answer.exposed
        ? `met somebody who was infectious, first at ${answer.first}: talk to your health service`
        : "met nobody in this study who was infectious then",
    ];
  return answer.days.map(({ day, direct, shared, weightedHundredths, advice }) => {
    const minutes = direct.reduce((sum, count) => sum + count, 0);
    const weighted = (weightedHundredths / 100).toFixed(2);
    return `${dateOfDay(day)}: ${minutes} min direct (${direct.join(", ")} by distance), ${shared} min shared, weighted ${weighted}: ${MEANING[advice]}`;
  });
}
