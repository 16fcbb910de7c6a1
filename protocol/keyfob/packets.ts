// Written by `npm run wire` out of services/keyfob.md. Change that page instead.

/** Where a field lies and what it is: a number, `u8[n]`, all bytes that follow, or a value of an enum. */
export interface PacketField {
  readonly at: number;
  readonly type: string;
}

/** Every command and report by name. */
export const PACKETS = {
  status: {
    code: 0x80,
    command: { request: { at: 0, type: "u16" } },
    report: {
      now: { at: 0, type: "u32" },
      snoozeUntil: { at: 4, type: "u32" },
      uptime: { at: 8, type: "u32" },
      lastSync: { at: 12, type: "u32" },
      state: { at: 16, type: "StateFlags" },
      request: { at: 18, type: "u16" },
      protocol: { at: 20, type: "u8" },
      role: { at: 21, type: "Role" },
      versionMajor: { at: 22, type: "u8" },
      versionMinor: { at: 23, type: "u8" },
      versionPatch: { at: 24, type: "u8" },
      battery: { at: 25, type: "u8" },
      consentPurpose: { at: 26, type: "Purpose" },
      consentSeconds: { at: 27, type: "u8" },
    },
  },
  counters: {
    code: 0x81,
    command: { request: { at: 0, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, values: { at: 2, type: "bytes" } },
  },
  configGet: {
    code: 0x83,
    command: { request: { at: 0, type: "u16" }, key: { at: 2, type: "u8" } },
    report: {
      value: { at: 0, type: "i32" },
      min: { at: 4, type: "i32" },
      max: { at: 8, type: "i32" },
      request: { at: 12, type: "u16" },
      status: { at: 14, type: "Status" },
      key: { at: 15, type: "u8" },
    },
  },
  configSet: {
    code: 0x84,
    command: { value: { at: 0, type: "i32" }, request: { at: 4, type: "u16" }, key: { at: 6, type: "u8" } },
    report: {
      value: { at: 0, type: "i32" },
      min: { at: 4, type: "i32" },
      max: { at: 8, type: "i32" },
      request: { at: 12, type: "u16" },
      status: { at: 14, type: "Status" },
      key: { at: 15, type: "u8" },
    },
  },
  clockSet: {
    code: 0x82,
    command: { seconds: { at: 0, type: "u32" }, request: { at: 4, type: "u16" }, millis: { at: 6, type: "u16" } },
    report: {
      driftMs: { at: 0, type: "i32" },
      sinceSync: { at: 4, type: "u32" },
      request: { at: 8, type: "u16" },
      status: { at: 10, type: "Status" },
      previous: { at: 11, type: "u8" },
    },
  },
  snooze: {
    code: 0x85,
    command: { request: { at: 0, type: "u16" }, minutes: { at: 2, type: "u16" } },
    report: { until: { at: 0, type: "u32" }, request: { at: 4, type: "u16" }, status: { at: 6, type: "Status" } },
  },
  consentAsk: {
    code: 0x8c,
    command: { request: { at: 0, type: "u16" }, purpose: { at: 2, type: "Purpose" } },
    report: {
      request: { at: 0, type: "u16" },
      status: { at: 2, type: "Status" },
      purpose: { at: 3, type: "Purpose" },
      seconds: { at: 4, type: "u8" },
    },
  },
  consentEnd: {
    code: 0x8d,
    command: { request: { at: 0, type: "u16" }, asked: { at: 2, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" } },
  },
  regionKeyAdd: {
    code: 0x88,
    command: { request: { at: 0, type: "u16" }, region: { at: 2, type: "u8[6]" }, key: { at: 8, type: "u8[32]" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" }, count: { at: 3, type: "u8" } },
  },
  regionKeyRemove: {
    code: 0x89,
    command: { request: { at: 0, type: "u16" }, region: { at: 2, type: "u8[6]" }, keyId: { at: 8, type: "u8[8]" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" }, count: { at: 3, type: "u8" } },
  },
  regionKeyGet: {
    code: 0x8a,
    command: { request: { at: 0, type: "u16" }, index: { at: 2, type: "u8" } },
    report: {
      lastChunk: { at: 0, type: "u32" },
      request: { at: 4, type: "u16" },
      status: { at: 6, type: "Status" },
      count: { at: 7, type: "u8" },
      index: { at: 8, type: "u8" },
      trust: { at: 9, type: "bytes" },
    },
  },
  exportBegin: {
    code: 0x90,
    command: {
      firstHour: { at: 0, type: "u32" },
      request: { at: 4, type: "u16" },
      hours: { at: 6, type: "u16" },
      redacted: { at: 8, type: "bytes" },
    },
    report: {
      request: { at: 0, type: "u16" },
      status: { at: 2, type: "Status" },
      reserved: { at: 3, type: "u8" },
      hours: { at: 4, type: "u16" },
      blocks: { at: 6, type: "u16" },
    },
  },
  exportBlock: {
    code: 0x91,
    command: { request: { at: 0, type: "u16" }, block: { at: 2, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, block: { at: 2, type: "u16" }, seeds: { at: 4, type: "bytes" } },
  },
  exportEnd: {
    code: 0x92,
    command: { request: { at: 0, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" } },
  },
  importBegin: {
    code: 0x98,
    command: { request: { at: 0, type: "u16" }, header: { at: 2, type: "u8[64]" } },
    report: { nextPiece: { at: 0, type: "u32" }, request: { at: 4, type: "u16" }, status: { at: 6, type: "Status" } },
  },
  importPiece: {
    code: 0x99,
    command: {
      number: { at: 0, type: "u32" },
      request: { at: 4, type: "u16" },
      ask: { at: 6, type: "u8" },
      reserved: { at: 7, type: "u8" },
      data: { at: 8, type: "bytes" },
    },
    report: {},
  },
  importProgress: {
    code: 0x9a,
    command: {},
    report: { nextPiece: { at: 0, type: "u32" }, request: { at: 4, type: "u16" }, status: { at: 6, type: "Status" } },
  },
  importVerify: {
    code: 0x9b,
    command: { request: { at: 0, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" }, percent: { at: 3, type: "u8" } },
  },
  resultsBegin: {
    code: 0xa0,
    command: { request: { at: 0, type: "u16" } },
    report: {
      request: { at: 0, type: "u16" },
      status: { at: 2, type: "Status" },
      reserved: { at: 3, type: "u8" },
      records: { at: 4, type: "u16" },
      blocks: { at: 6, type: "u16" },
    },
  },
  resultsBlock: {
    code: 0xa1,
    command: { request: { at: 0, type: "u16" }, block: { at: 2, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, block: { at: 2, type: "u16" }, records: { at: 4, type: "bytes" } },
  },
  resultsEnd: {
    code: 0xa2,
    command: { request: { at: 0, type: "u16" } },
    report: { request: { at: 0, type: "u16" }, status: { at: 2, type: "Status" } },
  },
  erase: {
    code: 0xa8,
    command: { token: { at: 0, type: "u32" }, request: { at: 4, type: "u16" } },
    report: { token: { at: 0, type: "u32" }, request: { at: 4, type: "u16" }, status: { at: 6, type: "Status" } },
  },
} as const;

/** What lies in fields of type `bytes`. */
export const RECORDS = {
  trust: { bytes: 38, fields: { region: { at: 0, type: "u8[6]" }, key: { at: 6, type: "u8[32]" } } },
  hourRange: { bytes: 8, fields: { from: { at: 0, type: "u32" }, to: { at: 4, type: "u32" } } },
  hourResult: {
    bytes: 16,
    fields: {
      hour: { at: 0, type: "u32" },
      direct: { at: 4, type: "u8[4]" },
      shared: { at: 8, type: "u8[4]" },
      flags: { at: 12, type: "u8" },
      reserved: { at: 13, type: "u8[3]" },
    },
  },
} as const;
