/** A two-way stream of bytes to a board. */
export interface Link {
  /** As given by the person: a path or tcp://host:port. */
  readonly address: string;
  /** Resolves when the line can take more. After close() or a lost line it does nothing. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the link; safe to call again. */
  close(): Promise<void>;
}

/** What a link tells its owner. */
export interface LinkEvents {
  data(bytes: Buffer): void;
  /** The other side is gone: cable pulled, connection closed. Not called for one's own close(). */
  lost(reason: string): void;
}
