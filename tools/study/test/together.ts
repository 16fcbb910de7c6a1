// Servers of a computation in one process, with everything that one of them sees.

import { createHash, randomBytes } from "node:crypto";
import type { Circuit, Shape, TableInput } from "../circuits/circuit";
import type { PlainTable } from "../circuits/records";
import type { Engine, Shared } from "../engine/engine";
import { engineFor, sharingFor } from "../engine/engines";
import { keySets } from "../engine/keySets";
import type { PeerLink } from "../engine/link";
import { concat } from "../engine/words";

/** What a server received, message by message. */
export type View = Uint32Array[];

export interface Together {
  readonly engines: readonly Engine[];
  readonly views: readonly View[];
}

/** @param seed for keys; random without one */
export function together(servers: number, seed?: string): Together {
  const queues = new Map<
    string,
    { readonly waiting: ((words: Uint32Array) => void)[]; readonly there: Uint32Array[] }
  >();
  const queue = (from: number, to: number) => {
    const name = `${from} ${to}`;
    const known = queues.get(name) ?? { waiting: [], there: [] };
    queues.set(name, known);
    return known;
  };
  const views: View[] = Array.from({ length: servers }, () => []);
  const keys = keySets(servers).map((_, i) =>
    seed === undefined ? randomBytes(32) : createHash("sha256").update(`${seed} ${i}`).digest(),
  );
  const engines = views.map((view, party) => {
    const link: PeerLink = {
      party,
      servers,
      send(to, words) {
        const { waiting, there } = queue(party, to);
        const next = waiting.shift();
        if (next) next(words);
        else there.push(words);
      },
      async receive(from, count) {
        const { waiting, there } = queue(from, party);
        const words = there.shift() ?? (await new Promise<Uint32Array>((resolve) => waiting.push(resolve)));
        if (words.length !== count) throw new Error(`${words.length} words came, not ${count}`);
        view.push(words);
        return words;
      },
    };
    return engineFor(
      link,
      keySets(servers).map((set, i) => (set.includes(party) ? keys[i] : undefined)),
    );
  });
  return { engines, views };
}

export function randomWords(count: number): Uint32Array {
  return new Uint32Array(new Uint8Array(randomBytes(4 * count)).buffer);
}

/** Shares of plain words for every server. */
export function shared(servers: number, words: Uint32Array, random = randomWords): Shared[] {
  return sharingFor(servers).split(words, random);
}

/** Runs something at all servers and puts their shares together. */
export async function combined(
  { engines }: Together,
  work: (engine: Engine, party: number) => Promise<Shared>,
): Promise<Uint32Array> {
  return sharingFor(engines.length).combine(await Promise.all(engines.map(work)));
}

/** One table's inputs for each server. */
export function tableInputs(servers: number, tables: readonly PlainTable[], random = randomWords): TableInput[] {
  const heard = tables.map((table) => shared(servers, table.heard, random));
  const own = tables.map((table) => shared(servers, table.own, random));
  return Array.from({ length: servers }, (_, p) => ({
    heard: concat(heard.map((shares) => shares[p] as Shared)),
    own: concat(own.map((shares) => shares[p] as Shared)),
  }));
}

/** The answer words of each participant. */
export async function answers(
  servers: Together,
  circuit: Circuit,
  shape: Shape,
  tables: readonly PlainTable[],
): Promise<Uint32Array[]> {
  const inputs = tableInputs(servers.engines.length, tables);
  const words = await combined(servers, (engine, p) => circuit.run(engine, shape, inputs[p] as TableInput));
  const width = circuit.answerWords(shape);
  return tables.map((_, i) => words.subarray(i * width, (i + 1) * width));
}
