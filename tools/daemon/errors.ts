/** What kind of trouble it is, for a command's exit code. */
export type Trouble = "input" | "unreachable" | "refused";

/** Something that the person who runs the service can mend; the message says what is wrong and what to do. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";

  constructor(
    message: string,
    readonly trouble: Trouble = "input",
  ) {
    super(message);
  }
}
