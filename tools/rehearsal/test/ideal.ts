import { hourOfMinute } from "../../../protocol/base/time";
import { assembleResult } from "../assemble";
import type { KeyfobAnswer } from "../evaluate";
import type { LoopResult } from "../result";
import { builtInScene } from "../scenarios/builtIn";
import type { LoopScene } from "../scene";
import { GroundTruth } from "../truth";
import type { LoggedMinutes } from "../witness";

const COUNTS = { chirpsHeard: 1840, rowsWritten: 46, minutesChirped: 165, minutesMissed: 0, restarts: 0 };

/** What faultless keyfobs would answer in a scene, every contact at 50 dB; redacted and snoozed minutes are missing. */
export function idealAnswers(scene: LoopScene): KeyfobAnswer[] {
  const truth = new GroundTruth(scene);
  return scene.people
    .filter(({ id }) => !scene.diagnosed.includes(id))
    .map(({ id }) => {
      const logged = new Map<string, LoggedMinutes>();
      const hours = new Map<number, { hour: number; direct: number[]; shared: number[]; reverse: boolean }>();
      for (const infected of scene.diagnosed) {
        const pair = truth.pair(id, infected);
        const isShared = (minute: number) =>
          !scene.redactions.some(
            (r) => r.id === infected && hourOfMinute(minute) >= r.fromHour && hourOfMinute(minute) < r.toHour,
          ) && !scene.snoozes.some((s) => s.id === infected && s.fromS < minute * 60 + 60 && s.toS > minute * 60);
        const direct = new Set([...pair.direct].filter(isShared));
        const shared = new Set([...pair.shared].filter(isShared));
        logged.set(infected, { direct, shared });
        const at = (minute: number) => {
          const hour = hourOfMinute(minute);
          const known = hours.get(hour) ?? { hour, direct: [0, 0, 0, 0], shared: [0, 0, 0, 0], reverse: false };
          hours.set(hour, known);
          return known;
        };
        for (const minute of direct) at(minute).direct[0] = (at(minute).direct[0] ?? 0) + 1;
        for (const minute of shared) at(minute).shared[1] = (at(minute).shared[1] ?? 0) + 1;
      }
      return { id, results: [...hours.values()], counts: COUNTS, logged };
    });
}

/** The result of a built-in scenario with faultless keyfobs. */
export function resultOf(name: string): LoopResult {
  const scene = builtInScene(name);
  const lastHour = Math.ceil(scene.toS / 3600);
  return assembleResult(
    { scene, truth: new GroundTruth(scene), powerLosses: [] },
    {
      radio: "perfect",
      seed: 1,
      answers: idealAnswers(scene),
      uploads: scene.diagnosed.map((id) => ({
        id,
        name: scene.people.find((person) => person.id === id)?.name ?? id,
        bytes: 1032,
        firstHour: lastHour - 23,
        hours: 24,
        withheldHours: scene.redactions.map(({ fromHour }) => fromHour),
        counts: COUNTS,
      })),
      shards: [{ chunk: 1, bytes: 17_520, seeds: 288, fillingSeeds: 264 }],
      repeaters: scene.repeaters.map((repeater) => ({ ...repeater, chirpsHeard: 420 })),
    },
  );
}
