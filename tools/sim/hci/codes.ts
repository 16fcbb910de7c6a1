// Numbers of the Bluetooth Core specification 5.4, vol 4 part E (HCI), that the controller model uses.

/** H4 packet types (vol 4 part A). */
export const H4 = { command: 0x01, event: 0x04 } as const;

/** Opcodes (OGF << 10 | OCF), section 7. */
export const OPCODE = {
  setEventMask: 0x0c01,
  reset: 0x0c03,
  readLocalVersion: 0x1001,
  readLocalCommands: 0x1002,
  readLocalFeatures: 0x1003,
  readBdAddr: 0x1009,
  leSetEventMask: 0x2001,
  leReadBufferSize: 0x2002,
  leReadLocalFeatures: 0x2003,
  leSetRandomAddress: 0x2005,
  leSetAdvertisingParameters: 0x2006,
  leReadAdvertisingTxPower: 0x2007,
  leSetAdvertisingData: 0x2008,
  leSetScanResponseData: 0x2009,
  leSetAdvertisingEnable: 0x200a,
  leSetScanParameters: 0x200b,
  leSetScanEnable: 0x200c,
  leReadAcceptListSize: 0x200f,
  leClearAcceptList: 0x2010,
  leRand: 0x2018,
  leReadSupportedStates: 0x201c,
} as const;

/** Error codes, vol 1 part F. */
export const STATUS = {
  success: 0x00,
  unknownCommand: 0x01,
  commandDisallowed: 0x0c,
  unsupported: 0x11,
  invalidParameters: 0x12,
} as const;

/** Event codes, section 7.7. */
export const EVENT = { commandComplete: 0x0e, commandStatus: 0x0f, leMeta: 0x3e } as const;
/** LE Advertising Report, section 7.7.65.2. */
export const SUBEVENT_ADVERTISING_REPORT = 0x02;

/** Bit 61 of Event_Mask: LE Meta event; off after reset (section 7.3.1). */
export const EVENT_MASK_LE_META = 1n << 61n;
export const EVENT_MASK_DEFAULT = 0x0000_1fff_ffff_ffffn;
/** Bit 1 of LE_Event_Mask: LE Advertising Report; on after reset (section 7.8.1). */
export const LE_EVENT_MASK_ADVERTISING_REPORT = 1n << 1n;
export const LE_EVENT_MASK_DEFAULT = 0x1fn;

/** Advertising_Type of LE Set Advertising Parameters (section 7.8.5); 1 and 4 are directed. */
export const ADVERTISING_TYPE = {
  connectable: 0,
  directedHigh: 1,
  scannable: 2,
  nonConnectable: 3,
  directedLow: 4,
} as const;

/** Lengths of time in HCI parameters: scan and advertising intervals count 625 microseconds. */
export const HCI_TIME_UNIT_US = 625;
