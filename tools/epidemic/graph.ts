// Who is whose neighbour, for good: from a file, or drawn.

import { z } from "zod";
import type { SeededRandom } from "../sim/core/random";
import { readModelFile } from "./inputFile";
import { ModelError } from "./modelError";

const MAX_NODES = 1_000_000;
const MAX_EDGES = 5_000_000;

/** An undirected graph without loops and double edges. The neighbours of i are others[offsets[i] .. offsets[i + 1]]. */
export interface Graph {
  readonly nodes: number;
  readonly offsets: Int32Array;
  readonly others: Int32Array;
  /** Factors of the rate at which a node infects others, and is infected; 1 where it is not given. */
  readonly infectiousness?: readonly number[] | undefined;
  readonly susceptibility?: readonly number[] | undefined;
}

const node = z.int().min(0);
const factors = z.array(z.number().min(0).max(1e6)).optional();
const GRAPH_FILE = z.strictObject({
  nodes: z.int().min(1).max(MAX_NODES),
  edges: z.array(z.tuple([node, node])).max(MAX_EDGES),
  infectiousness: factors,
  susceptibility: factors,
});

/** Reads {"nodes": n, "edges": [[0, 1], ...]}. The order of edges, and of the ends of each, changes nothing. @throws ModelError */
export function readGraph(text: string, name: string): Graph {
  const { nodes, edges, ...perNode } = readModelFile(GRAPH_FILE, text, name);
  const known = new Set<number>();
  edges.forEach(([a, b], i) => {
    const refuse = (why: string): never => {
      throw new ModelError(`${name} at edges[${i}]: ${why}`);
    };
    if (a >= nodes || b >= nodes)
      refuse(`there is no node ${Math.max(a, b)}; ${nodes} nodes are numbered from 0 to ${nodes - 1}`);
    if (a === b) refuse(`node ${a} is joined to itself; leave that out`);
    const key = Math.min(a, b) * nodes + Math.max(a, b);
    if (known.has(key)) refuse(`nodes ${a} and ${b} are joined already; give each edge once`);
    known.add(key);
  });
  for (const [what, values] of Object.entries(perNode))
    if (values !== undefined && values.length !== nodes)
      throw new ModelError(`${name}: ${what} must have ${nodes} numbers, one for each node, not ${values.length}`);
  return { ...graphOf(nodes, edges), ...perNode };
}

/** Everybody has the same number of neighbours, drawn evenly (pairing of stubs; loops and double edges swapped away). */
export function regularGraph(nodes: number, degree: number, random: SeededRandom): Graph {
  if (degree >= nodes) throw new ModelError(`nobody can have ${degree} different neighbours among ${nodes} people`);
  if ((nodes * degree) % 2 === 1)
    throw new ModelError(`${nodes} people cannot have ${degree} neighbours each: that is half an edge too many`);
  limitEdges((nodes * degree) / 2);
  const stubs = new Int32Array(nodes * degree);
  for (let i = 0; i < stubs.length; i++) stubs[i] = Math.floor(i / degree);
  for (let i = stubs.length - 1; i > 0; i--) swap(stubs, i, below(random, i + 1));
  swapAwayDoubles(stubs, nodes, random);
  const edges: [number, number][] = [];
  for (let i = 0; i < stubs.length; i += 2) edges.push([stubs[i] as number, stubs[i + 1] as number]);
  return graphOf(nodes, edges);
}

/** Each pair is joined with the same chance: numbers of neighbours are close to Poisson's law. */
export function poissonGraph(nodes: number, meanDegree: number, random: SeededRandom): Graph {
  const chance = meanDegree / (nodes - 1);
  if (!(chance <= 1)) throw new ModelError(`nobody can have ${meanDegree} different neighbours among ${nodes} people`);
  limitEdges((nodes * meanDegree) / 2);
  const edges: [number, number][] = [];
  // From one edge to the next, over the pairs in order (Batagelj and Brandes, Phys. Rev. E 71, 036113, 2005).
  let [a, b] = [1, -1];
  while (chance > 0 && a < nodes) {
    b += chance === 1 ? 1 : 1 + Math.floor(Math.log(1 - random.unit()) / Math.log(1 - chance));
    while (b >= a && a < nodes) {
      b -= a;
      a++;
    }
    if (a < nodes) edges.push([b, a]);
  }
  return graphOf(nodes, edges);
}

function limitEdges(edges: number): void {
  if (edges > MAX_EDGES)
    throw new ModelError(`a graph may have ${MAX_EDGES} edges at most; this one would have ${edges}`);
}

function graphOf(nodes: number, edges: readonly (readonly [number, number])[]): Graph {
  const offsets = new Int32Array(nodes + 1);
  for (const [a, b] of edges) {
    offsets[a + 1] = (offsets[a + 1] as number) + 1;
    offsets[b + 1] = (offsets[b + 1] as number) + 1;
  }
  for (let i = 0; i < nodes; i++) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const others = new Int32Array(2 * edges.length);
  const next = offsets.slice();
  for (const [a, b] of edges)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      others[next[one] as number] = other;
      next[one] = (next[one] as number) + 1;
    }
  for (let i = 0; i < nodes; i++) others.subarray(offsets[i], offsets[i + 1]).sort();
  return { nodes, offsets, others };
}

/** Exchanges ends of pairs until none is a loop or there twice. */
function swapAwayDoubles(stubs: Int32Array, nodes: number, random: SeededRandom): void {
  const pairs = stubs.length / 2;
  const key = (i: number): number => {
    const [a, b] = [stubs[2 * i] as number, stubs[2 * i + 1] as number];
    return Math.min(a, b) * nodes + Math.max(a, b);
  };
  const counts = new Map<number, number>();
  const count = (i: number, by: number): void => void counts.set(key(i), (counts.get(key(i)) ?? 0) + by);
  for (let i = 0; i < pairs; i++) count(i, 1);
  const isBad = (i: number): boolean => stubs[2 * i] === stubs[2 * i + 1] || (counts.get(key(i)) as number) > 1;
  let bad = Array.from({ length: pairs }, (_, i) => i).filter(isBad);
  for (let round = 0; bad.length > 0; round++) {
    if (round > 1000) throw new ModelError("no such graph was found: give fewer neighbours for so few people");
    for (const i of bad) {
      const j = below(random, pairs);
      count(i, -1);
      if (i !== j) count(j, -1);
      swap(stubs, 2 * i + 1, 2 * j + below(random, 2));
      count(i, 1);
      if (i !== j) count(j, 1);
    }
    bad = Array.from({ length: pairs }, (_, i) => i).filter(isBad);
  }
}

function below(random: SeededRandom, limit: number): number {
  return Math.floor(random.unit() * limit);
}

function swap(values: Int32Array, i: number, j: number): void {
  const kept = values[i] as number;
  values[i] = values[j] as number;
  values[j] = kept;
}
