import type { CodeRecord, PublisherSession, PublisherStore, RemotePublication, SeedRecord, ShownSeed } from "./store";

interface Content {
  codes: Map<string, CodeRecord>;
  seeds: Map<string, SeedRecord>;
  remote: Map<string, RemotePublication>;
  shown: readonly ShownSeed[];
  counters: { serial: number; publishedAt: number };
}

/** A store in memory, for trials and simulations; what is in it ends with the process. */
export class MemoryStore implements PublisherStore {
  private content: Content = {
    codes: new Map(),
    seeds: new Map(),
    remote: new Map(),
    shown: [],
    counters: { serial: 0, publishedAt: 0 },
  };
  private turn: Promise<unknown> = Promise.resolve();

  transaction<T>(work: (session: PublisherSession) => Promise<T>): Promise<T> {
    const mine = this.turn.then(async () => {
      const { codes, seeds, remote, shown, counters } = this.content;
      const draft = {
        codes: new Map(codes),
        seeds: new Map(seeds),
        remote: new Map(remote),
        shown,
        counters: { ...counters },
      };
      const result = await work(sessionOn(draft));
      this.content = draft;
      return result;
    });
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

function sessionOn(draft: Content): PublisherSession {
  return {
    code: async (hash) => draft.codes.get(hash),
    codes: async () => [...draft.codes.values()],
    saveCode: async (code) => {
      draft.codes.set(code.hash, code);
    },
    seeds: async () => [...draft.seeds.values()],
    seedsNamed: async (names) => names.flatMap((name) => draft.seeds.get(name) ?? []),
    saveSeeds: async (seeds) => {
      for (const seed of seeds) draft.seeds.set(`${seed.generatorType}:${seed.seed}`, seed);
    },
    remotePublications: async () => [...draft.remote.values()],
    saveRemotePublication: async (publication) => {
      draft.remote.set(publication.url, publication);
    },
    shownSeeds: async () => [...draft.shown],
    saveShownSeeds: async (seeds) => {
      draft.shown = [...seeds];
    },
    counter: async (name) => draft.counters[name],
    setCounter: async (name, value) => {
      draft.counters[name] = value;
    },
    deleteBefore: async (day) => {
      for (const [hash, code] of draft.codes) if (code.day < day) draft.codes.delete(hash);
      for (const [key, seed] of draft.seeds) if (seed.ageDay < day) draft.seeds.delete(key);
    },
  };
}
