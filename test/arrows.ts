// Which folder may import which: the house as data. test/architecture.test.ts holds product code to it, permissions that nobody
// uses included. A folder stands for the files right inside it; those of a folder below it have a line of their own.
//
// A new arrow is a decision: it must point downwards (no circles at any depth), and docs/architecture.md says what stands where.

/** Folder -> folders that its files may import, separated by spaces. */
export const ARROWS: Readonly<Record<string, string>> = {
  "protocol/beacon": "protocol/base protocol/crypto",
  "protocol/crypto": "protocol/base",
  "protocol/log": "protocol/base protocol/beacon",
  "protocol/match": "protocol/base protocol/beacon protocol/log protocol/report",
  "protocol/report": "protocol/base protocol/beacon protocol/crypto",
  firmware: "firmware/jacdac firmware/wearable protocol/beacon protocol/keyfob",
  "firmware/chips": "firmware/base firmware/board protocol/base",
  "firmware/hci": "firmware/base firmware/board protocol/beacon",
  "firmware/host":
    "firmware/base firmware/reports firmware/results firmware/seeds firmware/state firmware/wearer protocol/base protocol/beacon protocol/keyfob protocol/report",
  "firmware/jacdac": "firmware/base firmware/board",
  "firmware/listen": "firmware/hci protocol/base protocol/beacon protocol/log",
  "firmware/log": "firmware/base firmware/board protocol/base protocol/log",
  "firmware/reports":
    "firmware/base firmware/results protocol/base protocol/crypto protocol/log protocol/match protocol/report",
  "firmware/results": "firmware/base protocol/base protocol/log protocol/match",
  "firmware/seeds": "firmware/board protocol/base protocol/beacon",
  "firmware/state":
    "firmware/base firmware/board firmware/hci firmware/listen protocol/base protocol/beacon protocol/crypto protocol/keyfob protocol/match protocol/report",
  "firmware/wearable":
    "firmware/base firmware/board firmware/hci firmware/host firmware/jacdac firmware/listen firmware/log firmware/reports firmware/results firmware/seeds firmware/state firmware/wearer protocol/base protocol/beacon protocol/keyfob protocol/match",
  "firmware/wearer": "firmware/base firmware/board firmware/state protocol/keyfob",
  repeater:
    "firmware/base firmware/board firmware/hci firmware/host firmware/jacdac firmware/listen firmware/state firmware/wearer protocol/base protocol/beacon protocol/keyfob",
  "tools/base": "protocol/base",
  "tools/build": "protocol/keyfob tools/base",
  "tools/build/wire": "tools/base",
  "tools/boards": "tools/base tools/build tools/keyfob",
  "tools/power": "tools/boards",
  "tools/keyfob": "protocol/base protocol/beacon protocol/keyfob protocol/report tools/base",
  "tools/feed": "protocol/base protocol/crypto protocol/report tools/base",
  "tools/daemon/database": "tools/base",
  "tools/daemon/http": "tools/daemon",
  "tools/exposure":
    "protocol/base protocol/report tools/base tools/daemon tools/daemon/database tools/daemon/http tools/exposure/federation tools/exposure/feeds tools/exposure/http tools/exposure/intake tools/exposure/storage",
  "tools/cx": "protocol/beacon",
  "tools/cx/publisher": "protocol/base protocol/report tools/base tools/cx",
  "tools/exposure/cx": "tools/cx/publisher tools/daemon/database",
  "tools/exposure/federation":
    "protocol/base protocol/crypto protocol/report tools/daemon tools/daemon/database tools/exposure/feeds tools/exposure/storage tools/feed",
  "tools/exposure/feeds":
    "protocol/base protocol/beacon protocol/crypto protocol/match protocol/report tools/base tools/daemon tools/daemon/database tools/exposure/storage tools/feed",
  "tools/exposure/http":
    "protocol/base protocol/report tools/base tools/daemon tools/daemon/http tools/exposure/feeds tools/exposure/intake tools/exposure/storage tools/feed",
  "tools/exposure/intake":
    "protocol/base protocol/beacon protocol/match protocol/report tools/base tools/daemon tools/daemon/database tools/exposure/storage",
  "tools/exposure/storage": "tools/daemon tools/daemon/database",
  "tools/epidemic": "protocol/beacon protocol/match tools/power tools/sim/air tools/sim/core",
  "tools/epidemic/report": "protocol/match tools/base tools/epidemic",
  "tools/study/simulate": "tools/study/base tools/study/client tools/study/net tools/study/plan",
  "tools/study/server":
    "protocol/base protocol/report tools/daemon tools/study/base tools/study/circuits tools/study/engine tools/study/net tools/study/plan",
  "tools/study/plan":
    "protocol/base protocol/beacon protocol/log protocol/report tools/study/base tools/study/circuits tools/study/engine",
  "tools/study/net": "tools/study/base tools/study/engine tools/study/plan",
  "tools/study/engine": "tools/study/base",
  "tools/study/client":
    "protocol/base protocol/match tools/study/base tools/study/circuits tools/study/engine tools/study/plan tools/study/server",
  "tools/study/circuits": "protocol/base protocol/beacon protocol/log protocol/match tools/base tools/study/engine",
  "tools/sim/air": "protocol/beacon tools/sim/core tools/sim/hci",
  "tools/sim/contacts": "tools/sim/air tools/sim/core",
  "tools/sim/crowd":
    "tools/sim/air tools/sim/contacts tools/sim/core tools/sim/device tools/sim/hci tools/sim/jacdac tools/sim/usb tools/sim/vm tools/sim/world",
  "tools/sim/device": "tools/base tools/sim/core tools/sim/hci tools/sim/jacdac tools/sim/vm",
  "tools/sim/hci": "tools/sim/core",
  "tools/sim/oracle": "firmware/board firmware/log protocol/log protocol/match tools/base tools/sim/device",
  "tools/sim/usb": "tools/base tools/sim/core tools/sim/device tools/sim/jacdac",
  "tools/sim/vm": "tools/base tools/sim/core",
  "tools/sim/world": "tools/sim/air tools/sim/core tools/sim/device tools/sim/jacdac",
  "tools/gaen": "protocol/base protocol/beacon protocol/match protocol/report tools/gaen/proto tools/base",
  "tools/desk":
    "protocol/base protocol/beacon protocol/match protocol/report tools/base tools/boards tools/feed tools/keyfob",
  "tools/rehearsal":
    "protocol/base protocol/beacon protocol/keyfob protocol/log protocol/match protocol/report tools/base tools/build tools/exposure tools/exposure/feeds tools/feed tools/keyfob tools/sim/air tools/sim/contacts tools/sim/crowd",
  "tools/rehearsal/report": "protocol/beacon tools/base tools/rehearsal",
  "tools/rehearsal/scenarios": "tools/rehearsal",
  "tools/cli":
    "protocol/base protocol/crypto tools/base tools/daemon tools/desk tools/exposure tools/exposure/storage tools/feed tools/keyfob tools/rehearsal tools/rehearsal/report tools/study/base tools/study/circuits tools/study/client",
  "tools/cli/commands":
    "protocol/base protocol/beacon protocol/crypto protocol/log protocol/match protocol/report tools/base tools/boards tools/build tools/cli tools/cx tools/desk tools/epidemic tools/epidemic/report tools/exposure tools/exposure/feeds tools/exposure/intake tools/feed tools/gaen tools/keyfob tools/power tools/rehearsal tools/rehearsal/report tools/rehearsal/scenarios tools/sim/contacts tools/sim/core tools/sim/crowd tools/sim/device tools/sim/usb tools/sim/vm tools/sim/world tools/study/base tools/study/client tools/study/engine tools/study/net tools/study/plan tools/study/server tools/study/simulate",
  "tools/cli/start": "tools/base tools/cli tools/cli/commands tools/desk tools/sim/vm",
  "tools/bench":
    "firmware/hci protocol/base protocol/beacon protocol/keyfob protocol/log protocol/match protocol/report repeater tools/base tools/build tools/daemon tools/exposure tools/exposure/intake tools/gaen tools/sim/air tools/sim/contacts tools/sim/core tools/sim/crowd tools/sim/oracle tools/sim/vm tools/sim/world tools/study/circuits tools/study/client tools/study/plan tools/study/simulate",
  "tools/bench/programs": "firmware/base protocol/beacon protocol/log protocol/match protocol/report",
};

/** Folders that nothing imports. */
export const ROOFS: readonly string[] = ["tools/cli/start", "tools/bench"];

/**
 * Circles that still stand: files and folders of each, in order. Must be empty at the end; a circle that is gone must leave.
 */
export const CIRCLES_TO_BREAK: readonly string[] = [];

/** Exported names that stand for two things, and why. Must be empty, or explained, at the end. */
export const NAMES_TWICE: Readonly<Record<string, string>> = {
  sha256: "the hash of FIPS 180-4 in each of the two runtimes: protocol/ is given the one or the other",
  // To be renamed by whoever owns their files.
  Timer: "firmware/base: wakes a fiber; tools/sim/core: an entry of the schedule",
  SECTOR_BYTES: "firmware/board: what a flash store erases; tools/sim/device: the same of the simulated chip",
  Light: "firmware/board: the seam; tools/sim/device: the simulated lamp",
  DeviceState: "firmware/host: the status report; tools/sim/crowd: what a device keeps between threads",
  crc16: "firmware/log: of log pages; tools/sim/jacdac: of Jacdac frames",
  HourRange: "firmware/seeds and tools/keyfob: the same idea on either side of the wire",
  Clock: "firmware/state: the keyfob's; tools/daemon: a function that tells the time",
  ConfigValue: "firmware/state: what a key holds and may hold; tools/keyfob: the same as its report says",
  Packet: "tools/build/wire: of the specification; tools/sim/jacdac: on the bus",
  encodeRecord: "firmware/log: in flash; tools/keyfob: on the wire",
  Session: "firmware/state: a host's; tools/daemon: a database's",
  openLogs: "firmware/wearable: at the start; tools/sim/oracle: of a flash image",
  ServiceAddress: "tools/keyfob and tools/sim/world: the same idea on either side of the cable",
  Visit: "tools/sim/air: in proximity.ts a stay, in visitors.ts a stranger",
  Group: "protocol/keyfob: of configuration keys; tools/epidemic: of people",
  percent: "tools/base: of a share; tools/cli: of the models' answers",
  KeyfobAnswer: "tools/epidemic: of a model; tools/rehearsal: of a keyfob",
  NOTICE: "tools/cli and tools/epidemic: the same line",
  STYLE: "tools/epidemic and tools/rehearsal: of their reports",
};
