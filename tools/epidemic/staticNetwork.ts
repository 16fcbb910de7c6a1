// SEIR by chance on a graph that stays as it is. docs/model.md, "Networks".

import type { SeededRandom } from "../sim/core/random";
import { exponential } from "./chance";
import { EventQueue } from "./eventQueue";
import type { Graph } from "./graph";
import { ModelError } from "./modelError";

/** Rates are per day. */
export interface NetworkRates {
  /** How fast an infectious node infects one susceptible neighbour. */
  readonly tau: number;
  readonly sigma: number;
  readonly gamma: number;
}

export interface NetworkResult {
  /** Share of runs by the number of nodes that were infected, the first one included. */
  readonly finalSizeLaw: Readonly<Record<string, number>>;
  readonly mean: number;
  /** What `mean` may be off by: standard deviation of the runs over the root of their number. */
  readonly standardError: number;
}

/**
 * Runs many epidemics that begin with one infectious node.
 *
 * @param start its number; without it each run draws one
 * @throws ModelError if there is no such node
 */
export function networkEpidemics(
  graph: Graph,
  rates: NetworkRates,
  runs: number,
  random: SeededRandom,
  start?: number,
): NetworkResult {
  if (start !== undefined && !(start < graph.nodes))
    throw new ModelError(`there is no node ${start}: ${graph.nodes} nodes are numbered from 0 to ${graph.nodes - 1}`);
  const counts = new Map<number, number>();
  let [sum, squares] = [0, 0];
  const infectedIn = new Int32Array(graph.nodes);
  const queue = new EventQueue();
  for (let run = 1; run <= runs; run++) {
    queue.push(0, 0, 0, start ?? Math.floor(random.unit() * graph.nodes));
    const size = follow(graph, rates, random, queue, infectedIn, run);
    counts.set(size, (counts.get(size) ?? 0) + 1);
    sum += size;
    squares += size * size;
  }
  const mean = sum / runs;
  const sizes = [...counts.keys()].sort((a, b) => a - b);
  return {
    finalSizeLaw: Object.fromEntries(sizes.map((size) => [String(size), (counts.get(size) as number) / runs])),
    mean,
    standardError: Math.sqrt(Math.max(0, squares / runs - mean * mean) / runs),
  };
}

/** One epidemic: each node is infected by the first transmission that reaches it. @returns how many were infected */
function follow(
  graph: Graph,
  { tau, sigma, gamma }: NetworkRates,
  random: SeededRandom,
  queue: EventQueue,
  infectedIn: Int32Array,
  run: number,
): number {
  const { offsets, others, infectiousness, susceptibility } = graph;
  let size = 0;
  while (queue.pop()) {
    const node = queue.to;
    if (infectedIn[node] === run) continue;
    infectedIn[node] = run;
    const infectiousAt = size++ === 0 ? 0 : queue.time + exponential(random, sigma);
    const period = exponential(random, gamma);
    const rate = tau * (infectiousness?.[node] ?? 1);
    for (let k = offsets[node] as number; k < (offsets[node + 1] as number); k++) {
      const other = others[k] as number;
      if (infectedIn[other] === run) continue;
      const delay = exponential(random, rate * (susceptibility?.[other] ?? 1));
      if (delay < period) queue.push(infectiousAt + delay, 0, node, other);
    }
  }
  return size;
}
