/** Something that the person who runs the service can mend; the message says what is wrong and what to do. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}
