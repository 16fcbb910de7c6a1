/**
 * Input bytes are not what a format of docs/protocol.md demands. Every decoder throws this and nothing else, so that
 * a caller can tell hostile input from its own mistakes.
 */
export class FormatError extends Error {
  /** What was being read, in the words of docs/protocol.md, for example "frame.age". */
  readonly field: string;
  /** Where the field starts, in bytes (in characters for a permission number) from the start of the input. */
  readonly offset: number;

  /** What is wrong with it, in words. */
  readonly problem: string;

  constructor(field: string, offset: number, problem: string) {
    super(`${field} at offset ${offset}: ${problem}`);
    this.field = field;
    this.offset = offset;
    this.problem = problem;
  }

  /**
   * The same error as seen from an input that holds this one `bytes` further on.
   *
   * @devsWhenUsed
   */
  movedBy(bytes: number): FormatError {
    return new FormatError(this.field, this.offset + bytes, this.problem);
  }
}

/** Throws FormatError unless `bytes` is exactly `expected` bytes long. */
export function expectLength(field: string, bytes: Buffer, expected: number): void {
  if (bytes.length !== expected)
    throw new FormatError(field, Math.min(bytes.length, expected), `${bytes.length} bytes, must be ${expected}`);
}
