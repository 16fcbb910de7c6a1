// The numbers of services/keyfob.md; a test compares this file with it.

export enum Command {
  Status = 0x80,
  Counters = 0x81,
  ClockSet = 0x82,
  ConfigGet = 0x83,
  ConfigSet = 0x84,
  Snooze = 0x85,
  RegionKeyAdd = 0x88,
  RegionKeyRemove = 0x89,
  RegionKeyGet = 0x8a,
  ConsentAsk = 0x8c,
  ExportBegin = 0x90,
  ExportBlock = 0x91,
  ExportEnd = 0x92,
  ImportBegin = 0x98,
  ImportPiece = 0x99,
  ImportProgress = 0x9a,
  ImportVerify = 0x9b,
  ResultsBegin = 0xa0,
  ResultsBlock = 0xa1,
  ResultsEnd = 0xa2,
  Erase = 0xa8,
}

export enum Status {
  Ok = 0,
  Malformed = 1,
  NotOffered = 2,
  Busy = 3,
  ClockNotSet = 4,
  NoConsent = 5,
  OutOfRange = 6,
  NoSuchKey = 7,
  Full = 8,
  Already = 9,
  NotBegun = 10,
  BadHeader = 11,
  UnknownRegionKey = 12,
  BadBlock = 13,
  Incomplete = 14,
  Verifying = 15,
  BadSignature = 16,
  WaitingForButton = 17,
  Refused = 18,
  Expired = 19,
  StorageFault = 20,
}

export enum Role {
  Wearable = 1,
  Repeater = 2,
}

export enum StateFlag {
  ClockSet = 0x1,
  ClockApproximate = 0x2,
  RadioUp = 0x4,
  Chirping = 0x8,
  Snoozed = 0x10,
  Syncing = 0x20,
  Fault = 0x40,
  SafeMode = 0x80,
  StorageReady = 0x100,
  ConsentPending = 0x200,
  ConsentGranted = 0x400,
  OverCapacity = 0x800,
}

export enum Purpose {
  None = 0,
  Export = 1,
  Results = 2,
  Erase = 3,
}

/** Version of the service. */
export const PROTOCOL_VERSION = 1;

/** Version of the firmware. */
export const FIRMWARE_MAJOR = 0;
export const FIRMWARE_MINOR = 1;
export const FIRMWARE_PATCH = 0;
