/**
 * What can go wrong between the host and a board, for programs:
 * - `address`: the port's name makes no sense
 * - `notFound`: there is no such port
 * - `permission`: this user may not open it
 * - `inUse`: another program has it
 * - `silent`: nothing answers there
 * - `notJacdac`: something answers, but it is no DeviceScript board
 * - `notKeyfob`: a DeviceScript board without a keyfob's program
 * - `lost`: the line was cut while in use
 * - `noAnswer`: the line is there, and the device stopped answering
 */
export type DeviceErrorKind =
  | "address"
  | "notFound"
  | "permission"
  | "inUse"
  | "silent"
  | "notJacdac"
  | "notKeyfob"
  | "lost"
  | "noAnswer";

/** The connection to a board failed. The message says what happened and what to do. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";

  constructor(
    readonly kind: DeviceErrorKind,
    message: string,
  ) {
    super(message);
  }
}
