// Written by `npm run wire` out of services/keyfob.md. Change that page instead.

/** Class of the keyfob service. */
export const KEYFOB_SERVICE_CLASS = 0x1c4fb003;

/** Codes of the commands, and of the reports that answer them. */
export enum Command {
  Status = 0x80,
  Counters = 0x81,
  ConfigGet = 0x83,
  ConfigSet = 0x84,
  ClockSet = 0x82,
  Snooze = 0x85,
  ConsentAsk = 0x8c,
  ConsentEnd = 0x8d,
  RegionKeyAdd = 0x88,
  RegionKeyRemove = 0x89,
  RegionKeyGet = 0x8a,
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

/** The sections of the page: commands that belong together. */
export enum Group {
  State = 0,
  Clock = 1,
  Wearer = 2,
  RegionKeys = 3,
  SeedExport = 4,
  ShardImport = 5,
  Results = 6,
  Erase = 7,
  None = 8,
}

/** How a command ended. */
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

/** What a device is. */
export enum Role {
  Wearable = 1,
  Repeater = 2,
}

/** Bits of the status report's `state`. */
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

/** What a consent is asked for. */
export enum Purpose {
  None = 0,
  Export = 1,
  Results = 2,
  Erase = 3,
  Settings = 4,
}

/** Which of the counters report's values is which. */
export enum Counter {
  ChirpsHeard = 0,
  RowsWritten = 1,
  RowsEarly = 2,
  HearingsDropped = 3,
  FramesIgnored = 4,
  WeakIgnored = 5,
  MinutesChirped = 6,
  MinutesMissed = 7,
  HciResets = 8,
  HciErrors = 9,
  HciGarbage = 10,
  StorageErrors = 11,
  PacketsRefused = 12,
  BlocksImported = 13,
  ShardsVerified = 14,
  ShardsRefused = 15,
  FreeHeapBytes = 16,
  Restarts = 17,
  Crashes = 18,
  LiveChirps = 19,
  ChirpsDropped = 20,
}
