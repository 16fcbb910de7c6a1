// The seam between circuits and the sharing that they run on. A circuit is the same code at every server and for every sharing.

/**
 * One server's shares of packed bits, 32 of them a word. Both sharings are linear over GF(2): XOR, moving and masking by public
 * bits are done to each component alone. Never changed once made, because a link may still be sending it.
 */
export type Shared = readonly Uint32Array[];

/** A number on shares: one `Shared` of packed lanes for each bit, the lowest first. */
export type SharedNumber = readonly Shared[];

/** What a computation has cost this server so far. */
export interface Cost {
  /** AND gates, counted by lane, those of the last word's unused lanes included. */
  ands: number;
  /** Times at which it waited for others. */
  rounds: number;
  /** Bytes sent to other servers, without TLS and frame headers, and those of them that shuffles took. */
  bytesSent: number;
  shuffleBytesSent: number;
}

/** Rows in an order that no server knows, and the way back. */
export interface Shuffled {
  readonly rows: Shared;
  /** Brings rows of any width from the shuffled order back into the original one. */
  undo(rows: Shared, wordsPerRow: number): Promise<Shared>;
}

/** One server's end of a computation among honest but curious servers. */
export interface Engine {
  readonly cost: Cost;
  /** Component arrays of a `Shared`. */
  readonly components: number;
  /** AND of all lanes, in one round. */
  and(x: Shared, y: Shared): Promise<Shared>;
  not(x: Shared): Shared;
  /** Shares of what everybody knows. */
  constant(words: Uint32Array): Shared;
  /** Tells all servers the value. What may be opened is the circuit's argument to make. */
  open(x: Shared): Promise<Uint32Array>;
  /** Applies a permutation that every server lacks a part of. @param wordsPerRow of each component */
  shuffle(rows: Shared, wordsPerRow: number): Promise<Shuffled>;
  /** Makes sure that all servers have opened the same values. @throws StudyError */
  compareOpened(): Promise<void>;
}

/** What a participant does with a sharing. */
export interface Sharing {
  readonly servers: number;
  readonly components: number;
  /** Shares for each server in turn. @param random so many fresh random words */
  split(words: Uint32Array, random: (words: number) => Uint32Array): Shared[];
  /** The value, from all servers' shares. @throws StudyError if they contradict each other */
  combine(shares: readonly Shared[]): Uint32Array;
}
