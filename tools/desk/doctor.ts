// What stands between a person and a working keyfob, and how to mend each.

import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { counted } from "../base/words";
import { FeedError } from "../feed/feedError";
import { fetchIndex } from "../feed/feedReader";
import { exchange, parseServer } from "../feed/http";
import type { SocksProxy } from "../feed/proxy";
import { BoardConnection } from "../keyfob/board";
import { DeviceError } from "../keyfob/deviceError";
import { Keyfob } from "../keyfob/keyfob";
import { KeyfobError } from "../keyfob/keyfobError";
import { listCandidates } from "../keyfob/ports";
import { ESPTOOL_OLDEST, findEsptool, isAtLeast } from "./esptool";
import type { Work } from "./events";

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  /** `warning`: something does not work, and may not be needed. */
  readonly state: "ok" | "warning" | "problem";
  readonly found: string;
  /** How to mend it. */
  readonly mend?: string;
}

/** A rule for systems with udev, which lets whoever sits at the computer use the boards' serial ports. */
export const UDEV_RULE = [
  "# Boards that run chirpfob: Espressif, Silicon Labs, WCH and FTDI USB serial ports.",
  ...["303a", "10c4", "1a86", "0403"].map(
    (vendor) => `SUBSYSTEM=="tty", ATTRS{idVendor}=="${vendor}", TAG+="uaccess", MODE="0660"`,
  ),
  "",
].join("\n");

/** Where the rule belongs. */
export const UDEV_PATH = "/etc/udev/rules.d/70-chirpfob.rules";

const MAX_CLOCK_ERROR_MS = 60_000;
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Whether this Node is new enough. */
export function checkNode(version: string): Finding {
  const oldest = (createRequire(import.meta.url)("../../package.json") as { engines: { node: string } }).engines.node;
  const isNew = isAtLeast(version, oldest.replace(/^>=/, ""));
  return isNew
    ? { what: "Node.js", state: "ok", found: version }
    : {
        what: "Node.js",
        state: "problem",
        found: version,
        mend: `install Node.js ${oldest.replace(/^>=/, "")} or newer`,
      };
}

/** Whether there are serial ports, and this user may use them. */
export async function checkPorts(port: string | undefined): Promise<Finding[]> {
  const addresses = port === undefined ? (await listCandidates()).map(({ address }) => address) : [port];
  if (addresses.length === 0)
    return [
      {
        what: "serial ports",
        state: "warning",
        found: "no keyfob is plugged in",
        mend: "plug it in with a cable that carries data (many only charge); a simulated one is named with --port",
      },
    ];
  return Promise.all(
    addresses.map(async (address): Promise<Finding> => {
      const what = `port ${address}`;
      if (address.startsWith("tcp://")) return { what, state: "ok", found: "a TCP port" };
      const code = await access(address, constants.R_OK | constants.W_OK).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (code === undefined) return { what, state: "ok", found: "may be used" };
      if (code === "ENOENT")
        return {
          what,
          state: "problem",
          found: "is not there",
          mend: 'plug the keyfob in; "chirpfob devices" lists ports',
        };
      return {
        what,
        state: "problem",
        found: "you may not use it",
        mend: `write the rule below ("chirpfob doctor --udev" prints it alone) to ${UDEV_PATH} with sudo, run "sudo udevadm control --reload" and plug the keyfob in again; or join the group that owns the port (often dialout) and log in anew`,
      };
    }),
  );
}

/** Whether boards can be flashed. */
export async function checkEsptool(): Promise<Finding> {
  const found = await findEsptool();
  const mend = 'needed for "chirpfob flash" only: "pip install esptool", or your system\'s package';
  if (!found) return { what: "esptool", state: "warning", found: "is not installed", mend };
  const state = isAtLeast(found.version, ESPTOOL_OLDEST) ? "ok" : "warning";
  return { what: "esptool", state, found: found.version, ...(state === "ok" ? {} : { mend }) };
}

/** The keyfob itself: clock, storage, radio, keys. */
export async function checkKeyfob(address: string, nowMs: number): Promise<Finding[]> {
  let board: BoardConnection | undefined;
  try {
    board = await BoardConnection.open(address);
    const keyfob = await Keyfob.on(board);
    return await examine(keyfob, nowMs);
  } catch (error) {
    if (!(error instanceof DeviceError) && !(error instanceof KeyfobError)) throw error;
    return [{ what: "keyfob", state: "problem", found: error.message }];
  } finally {
    await board?.close();
  }
}

async function examine(keyfob: Keyfob, nowMs: number): Promise<Finding[]> {
  const { state, now, role, version, battery } = await keyfob.status();
  const counters = await keyfob.counters();
  const findings: Finding[] = [{ what: role, state: "ok", found: `firmware ${version}` }];
  const add = (isGood: boolean, what: string, good: string, bad: string, mend: string) =>
    findings.push(isGood ? { what, state: "ok", found: good } : { what, state: "problem", found: bad, mend });
  add(
    !state.safeMode,
    "program",
    "runs",
    "is in safe mode after three crashes",
    'deploy it anew ("chirpfob deploy"), and report the counters of "chirpfob status"',
  );
  add(
    state.radioUp,
    "radio",
    `works (${counters.hciErrors ?? 0} errors, ${counters.hciResets ?? 0} restarts)`,
    "does not work",
    "check the radio module's wiring and power (docs/hardware.md)",
  );
  if (role === "wearable") {
    add(
      state.storageReady,
      "storage",
      `works (${counters.storageErrors ?? 0} errors)`,
      "does not work",
      "check the flash chip's wiring and power (docs/hardware.md)",
    );
    const errorMs = now * 1000 - nowMs;
    add(
      state.clockSet && !state.clockApproximate && Math.abs(errorMs) < MAX_CLOCK_ERROR_MS,
      "keyfob's clock",
      "is right",
      !state.clockSet
        ? "is not set"
        : `is ${Math.round(Math.abs(errorMs) / 1000)} s off${state.clockApproximate ? ", approximate since a restart" : ""}`,
      '"chirpfob clock sync"',
    );
    const keys = await keyfob.regionKeys();
    findings.push(
      keys.length > 0
        ? { what: "region keys", state: "ok", found: [...new Set(keys.map(({ region }) => region))].join(", ") }
        : {
            what: "region keys",
            state: "warning",
            found: "the keyfob trusts no region, so it can check no shards",
            mend: 'get the key from your region\'s health service: "chirpfob keys add REGION KEY"',
          },
    );
  }
  if (battery !== undefined && battery < 20)
    findings.push({
      what: "battery",
      state: "warning",
      found: `${battery} %`,
      mend: "leave the keyfob plugged in for a while",
    });
  return findings;
}

/** Whether this computer's clock can be right. */
export function checkClock(nowMs: number): Finding {
  return nowMs >= EARLIEST_MS
    ? { what: "this computer's clock", state: "ok", found: new Date(nowMs).toISOString() }
    : {
        what: "this computer's clock",
        state: "problem",
        found: new Date(nowMs).toISOString(),
        mend: "set it: the keyfob takes its time from here",
      };
}

/** Whether a server answers, with a list of shards that makes sense, and agrees about the time. */
export async function checkServer(
  address: string,
  proxy: SocksProxy | undefined,
  { signal, now }: Pick<Work, "signal" | "now">,
): Promise<Finding[]> {
  try {
    const server = parseServer(address);
    const { headers } = await exchange({
      method: "GET",
      url: new URL("healthz", server),
      proxy,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    const index = await fetchIndex({ server, proxy, signal });
    const findings: Finding[] = [
      {
        what: `server ${server.host}`,
        state: "ok",
        found: `${index.region}, ${counted(index.chunks.length, "shard", "shards")}`,
      },
    ];
    const offMs = Date.parse(String(headers.date)) - now();
    if (Math.abs(offMs) > MAX_CLOCK_ERROR_MS)
      findings.push({
        what: "this computer's clock",
        state: "problem",
        found: `is ${Math.round(Math.abs(offMs) / 1000)} s away from the server's`,
        mend: "set one of them: the keyfob takes its time from here",
      });
    return findings;
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    return [{ what: `server ${address}`, state: "problem", found: error.message }];
  }
}
