// What a publisher has to keep. To revoke a report it must know which seeds came with which code: keyed hashes of codes and
// keys, no person, no time finer than a day, and nothing for longer than 30 days (docs/cx.md, "What a publisher keeps").

/** A confirmation code that was issued. */
export interface CodeRecord {
  /** Keyed hash, hexadecimal. */
  readonly hash: string;
  readonly provider: string;
  readonly level: number;
  /** URLs of the publishers in whose zones its seeds are published. */
  readonly zones: readonly string[];
  /** Codes are numbered as they are issued: of a seed's codes the last one decides. */
  readonly serial: number;
  /** Day of issue, since 1970-01-01 UTC. */
  readonly day: number;
  /** Keyed hashes of the keys in reports with this code; empty until it is used. */
  readonly keys: readonly string[];
}

/** A seed, genuine or a decoy, and how it was published. */
export interface SeedRecord {
  readonly generatorType: number;
  /** Hexadecimal. */
  readonly seed: string;
  readonly iterations: number | null;
  readonly day: number | null;
  /** Seeds that came together have the same; random. */
  readonly group: string;
  /** How many came together. */
  readonly groupSize: number;
  /** Reports among which its changes of level hide; random, or "" for one that came alone. */
  readonly company: string;
  /** Hashes of the codes it was reported with; empty for a decoy. */
  readonly codes: readonly string[];
  /** Day from which its age counts: that of the code that decided last. */
  readonly ageDay: number;
  /** As published; null until then. */
  readonly level: number | null;
  /** publishedAt of the version in which it got that level. */
  readonly since: number;
  readonly zones: readonly ZoneMembership[];
}

export interface ZoneMembership {
  readonly zone: string;
  /** publishedAt of the version in which it came, or went. */
  readonly since: number;
  readonly isGone: boolean;
}

/** A seed that another publisher published. */
export interface RemoteSeed {
  readonly generatorType: number;
  readonly seed: string;
  readonly level: number;
  readonly iterations: number | null;
  readonly day: number | null;
}

/** What is known of another publisher's publication. */
export interface RemotePublication {
  readonly url: string;
  readonly publishedAt: number;
  readonly seeds: readonly RemoteSeed[];
}

/** A seed of other publishers, as this one showed it to devices. */
export interface ShownSeed extends RemoteSeed {
  readonly since: number;
}

/** Reads and writes within one transaction. */
export interface PublisherSession {
  code(hash: string): Promise<CodeRecord | undefined>;
  codes(): Promise<CodeRecord[]>;
  saveCode(code: CodeRecord): Promise<void>;
  seeds(): Promise<SeedRecord[]>;
  /** Those of some names: generator type, colon, seed. */
  seedsNamed(names: readonly string[]): Promise<SeedRecord[]>;
  saveSeeds(seeds: readonly SeedRecord[]): Promise<void>;
  remotePublications(): Promise<RemotePublication[]>;
  saveRemotePublication(publication: RemotePublication): Promise<void>;
  shownSeeds(): Promise<ShownSeed[]>;
  saveShownSeeds(seeds: readonly ShownSeed[]): Promise<void>;
  /** Last serial of a code, or publishedAt of the last version; 0 before the first. */
  counter(name: "serial" | "publishedAt"): Promise<number>;
  setCounter(name: "serial" | "publishedAt", value: number): Promise<void>;
  /** Deletes codes issued, and seeds whose age counts from, before `day`. */
  deleteBefore(day: number): Promise<void>;
}

/** Two instances of a publisher may share a store. */
export interface PublisherStore {
  /** Runs `work` as if nobody else were there, perhaps again from its start; nothing is kept if it throws. */
  transaction<T>(work: (session: PublisherSession) => Promise<T>): Promise<T>;
}
