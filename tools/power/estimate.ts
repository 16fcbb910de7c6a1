import type { BoardEntry } from "../boards/boards";
import {
  CLOCK_CHIP,
  type Current,
  LIGHT,
  NOR_STANDBY,
  PROCESSOR,
  RECEIVE_RAMP_MS,
  radioCurrents,
  TRANSMIT_MS,
  USABLE_CAPACITY,
} from "./currents";
import type { RadioTimes } from "./detection";

/** One consumer's share of a board's current. */
export interface Share {
  readonly what: string;
  /** Averaged over time. */
  readonly milliamperes: number;
  readonly source: string;
}

/** What a board draws with given radio settings, and how long its battery lasts. */
export interface PowerEstimate {
  readonly shares: readonly Share[];
  readonly milliamperes: number;
  /** Undefined for a board on a mains supply. */
  readonly hours: number | undefined;
}

/** Estimates the average current of a board and the life of its battery. */
export function estimatePower(board: BoardEntry, times: RadioTimes): PowerEstimate {
  const radio = radioCurrents(board);
  const receiving = Math.min(1, (times.scanWindowMs + RECEIVE_RAMP_MS) / times.scanIntervalMs);
  const sending = Math.min(1, TRANSMIT_MS / times.chirpIntervalMs);
  const shares = [
    share("processor", PROCESSOR[board.family], 1),
    share("radio, listening", radio.receive, receiving),
    share("radio, chirping", radio.transmit, sending),
    share("radio, idle", radio.idle, 1),
    share(
      "flash chip",
      board.flash.kind === "spi-nor" ? NOR_STANDBY : { milliamperes: 0, source: "part of the module" },
      1,
    ),
    share("clock chip", CLOCK_CHIP[board.clock], 1),
    share("light", LIGHT, 1),
    share("board", { milliamperes: board.overheadMa, source: "boards.json: regulator, charger, power light" }, 1),
  ].filter(({ milliamperes }) => milliamperes > 0);
  const milliamperes = shares.reduce((sum, one) => sum + one.milliamperes, 0);
  const { battery } = board;
  const hours = battery.kind === "lipo" ? (battery.capacityMah * USABLE_CAPACITY) / milliamperes : undefined;
  return { shares, milliamperes, hours };
}

function share(what: string, current: Current, portion: number): Share {
  return { what, milliamperes: current.milliamperes * portion, source: current.source };
}
