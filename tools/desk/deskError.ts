import { FileError } from "../base/files";
import { FeedError, type FeedFault } from "../feed/feedError";
import { DeviceError } from "../keyfob/deviceError";
import { KeyfobError } from "../keyfob/keyfobError";

/**
 * Why a use case could not be carried out, for programs:
 * - `input`: a file, number or choice that was given is not valid
 * - `incomplete`: something was not said that only a person knows
 * - `noDevice`: no keyfob was found, or it was lost
 * - `refused`: the wearer did not consent, or the keyfob refused the request
 * - `network`: a server or proxy cannot be reached, or gave no usable answer
 */
export type DeskFault = "input" | "incomplete" | "noDevice" | "refused" | "network";

/** A use case could not be carried out. The message says what happened and what to do. */
export class DeskError extends Error {
  override readonly name: string = "DeskError";

  constructor(
    readonly fault: DeskFault,
    message: string,
  ) {
    super(message);
  }
}

const FAULT_OF_FEED: Record<FeedFault, DeskFault> = {
  address: "input",
  damaged: "input",
  otherRegion: "input",
  unreachable: "network",
  untrusted: "network",
};

/** The keyfob found fault with what it was given, rather than with being asked. */
const FILE_FAULTS: readonly string[] = ["BadHeader", "BadBlock", "BadSignature", "OutOfRange", "Malformed"];

/** What an error of a use case means, whichever layer found it; undefined for one that nobody expected. */
export function faultOf(error: unknown): DeskFault | undefined {
  if (error instanceof DeskError) return error.fault;
  if (error instanceof FeedError) return FAULT_OF_FEED[error.fault];
  if (error instanceof FileError) return "input";
  if (error instanceof DeviceError) return error.kind === "address" ? "input" : "noDevice";
  if (error instanceof KeyfobError) return FILE_FAULTS.includes(error.status) ? "input" : "refused";
  return undefined;
}
