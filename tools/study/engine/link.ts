/** Connections of one server to all others, in the order of a computation. */
export interface PeerLink {
  /** This server's number, from 0, and how many there are. */
  readonly party: number;
  readonly servers: number;
  /** Sends words, which nobody may change afterwards. */
  send(to: number, words: Uint32Array): void;
  /** The next words from a server. @throws StudyError if it is gone, or sends another number of them */
  receive(from: number, words: number): Promise<Uint32Array>;
}
