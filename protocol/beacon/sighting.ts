// What all beacons have in common. Nothing between the air and the published reports knows more of them than this.

import type { Advertisement } from "./advertisement";

/** A repeater sends an identifier until this age, in minutes; an older frame is ignored. */
export const MAX_AGE_MINUTES = 10;

/** Bytes of the longest identifier of any kind; the shortest has 16. */
export const MAX_ID_BYTES = 28;

/** The kinds of beacons. The numbers lie in the two top bits of a row's ninth byte, and so never change their meaning. */
export enum Beacon {
  /** Chirps: one for each minute. */
  Pact = 0,
  /** Exposure Notification of phones. */
  Gaen = 1,
  Cx = 2,
  /** Apple Find My keys. */
  FindMy = 3,
}

/** What one advertisement says. */
export interface BeaconFrame {
  readonly kind: Beacon;
  /** The identifier, 16 to 28 bytes. */
  readonly id: Buffer;
  /** Minutes since a repeater first heard the identifier, 1 to 10; 0 from whoever it belongs to. */
  readonly age: number;
  /** Transmit power in dBm, -128 to 127; 0 where the frame does not say. */
  readonly txPowerDbm: number;
}

/** A frame that was heard. */
export interface Sighting extends BeaconFrame {
  /** The minute that it was heard in, minus its age. */
  readonly originMinute: number;
  /** dBm, -127 to 20. */
  readonly rssiDbm: number;
}

/** How the advertisements of one kind are read. */
export interface BeaconCodec {
  readonly kind: Beacon;
  /**
   * Whether an advertisement looks like one of this kind. Cheap: listeners hear hundreds of other frames a second.
   *
   * @param pduType as HCI counts: 3 is ADV_NONCONN_IND
   * @param bytes holds the `length` bytes of advertising data from `at` on
   * @param company Bluetooth company id of this deployment's chirps
   */
  claims(pduType: number, bytes: Buffer, at: number, length: number, company: number): boolean;
  /** Reads it. @throws FormatError for what is not of this kind, or of a version that nobody knows */
  decode(advA: Buffer, advData: Buffer, company: number): BeaconFrame;
}

/** A kind whose frames ask to be repeated. */
export interface RepeatedCodec extends BeaconCodec {
  /** Lays out a frame. `age` is 0 for a wearer and 1 to 10 for a repeater. @throws FormatError */
  encode(id: Buffer, txPowerDbm: number, age: number, company: number): Advertisement;
}

/** The kinds that codecs read: bit `1 << kind` for each. */
export function kindsOf(codecs: readonly BeaconCodec[]): number {
  let kinds = 0;
  for (const codec of codecs) kinds |= 1 << codec.kind;
  return kinds;
}

/**
 * Whether an identifier of this kind stays on the air for longer than a minute. One row then stands for up to 15 minutes, and
 * says in how many of them it was heard (docs/protocol.md, "Contact row").
 */
export function isLasting(kind: Beacon): boolean {
  return kind !== Beacon.Pact;
}
