/** What kind of trouble it is, for a command's exit code. */
type StudyTrouble = "input" | "unreachable" | "refused";

/** Something that an operator or participant can mend, or must know; the message says what is wrong and what to do. */
export class StudyError extends Error {
  override readonly name = "StudyError";

  constructor(
    message: string,
    readonly trouble: StudyTrouble = "input",
  ) {
    super(message);
  }
}
