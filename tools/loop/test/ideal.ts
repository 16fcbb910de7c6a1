import { hourOfMinute } from "../../../protocol/time";
import type { KeyfobAnswer } from "../evaluate";
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
        const direct = new Set([...pair.direct, ...pair.atOnce].filter(isShared));
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
