import { measureCapacity } from "./capacity";
import { hearingProbability, measureHearing, STAYS } from "./hearing";
import { runShop } from "./shop";
import { printMeasurements } from "./table";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** What docs/repeater.md states of the repeater: who hears it, how much it can hold, and a shop's hour. */
export async function benchRepeater(): Promise<void> {
  const rows: string[][] = [];
  for (const live of [10, 100, 500, 1000]) {
    const heard = await measureHearing(live, `hearing ${live}`);
    for (const stay of STAYS)
      rows.push([`${live}`, `${stay}`, percent(hearingProbability(live, stay)), percent(heard.get(stay) ?? 0)]);
  }
  printMeasurements(
    "Visitors who hear a live chirp of a repeater",
    ["live chirps", "minutes", "derived", "measured"],
    rows,
  );

  const runs = [await measureCapacity(100, 14, "a thousand"), await measureCapacity(110, 14, "too many")];
  printMeasurements(
    "What a repeater holds",
    ["chirps", "most live", "never sent", "missed minutes", "bursts/minute", "fewest for a chirp"],
    runs.map((run) => [
      `${run.chirps}`,
      `${run.mostLive}`,
      `${run.neverSent}`,
      `${run.missedMinutes}`,
      `${run.burstsAMinute}`,
      `${run.fewestBursts}`,
    ]),
  );

  const shop = await runShop("shop", 60, (share) => process.stderr.write(`\ra shop's hour: ${percent(share)} `));
  process.stderr.write("\n");
  printMeasurements(
    "A shop's hour: 100 customers, 3 counters, one infected (targets: precision 1, recall 0.95)",
    ["exposed", "found", "wrong", "brief (found)", "through repeater (only)", "precision", "recall"],
    [
      [
        `${shop.exposed}`,
        `${shop.found}`,
        `${shop.wrong}`,
        `${shop.brief} (${shop.briefFound})`,
        `${shop.throughRepeater} (${shop.onlyThroughRepeater})`,
        shop.precision.toFixed(2),
        shop.recall.toFixed(2),
      ],
    ],
  );
}
