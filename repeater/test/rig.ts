import { decodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import type { BeaconFrame } from "../../protocol/beacon/sighting";
import { Command } from "../../protocol/keyfob/codes";
import { type Bytecode, buildBytecode } from "../../tools/build/bytecode";
import type { Transmission } from "../../tools/sim/air/air";
import type { Micros } from "../../tools/sim/core/scheduler";
import type { SimDevice } from "../../tools/sim/device/device";
import { VirtualHost } from "../../tools/sim/world/host";
import type { World } from "../../tools/sim/world/world";

export { WINDOWS_ONLY } from "../../tools/bench/hearing";

export const SECOND_US: Micros = 1e6;
export const MINUTE_US: Micros = 60 * SECOND_US;
/** Power-on to a radio that listens: services are found within two seconds or so. */
export const STARTED_US: Micros = 5 * SECOND_US;

/** The repeater's program, as it is built for a board. */
export async function repeaterBytecode(): Promise<Bytecode> {
  return await buildBytecode("repeater", "repeater/main.ts");
}

/** A frame that a simulated device sent. */
export interface Sent {
  readonly atUs: Micros;
  readonly radio: number;
  readonly frame: BeaconFrame;
  readonly chirpHex: string;
  readonly transmission: Transmission;
}

/** Reads a transmission as the frame that it must be. @throws FormatError */
export function sentFrame(transmission: Transmission): Sent {
  const { pdu, startUs, radio } = transmission;
  const frame = decodeChirpFrame(Buffer.from(pdu.address).reverse(), Buffer.from(pdu.data), TEST_COMPANY);
  return { atUs: startUs, radio, frame, chirpHex: frame.id.toString("hex"), transmission };
}

/** Longer than the device takes for a report. */
const ANSWER_US = 75_000;
const KEYFOB_SERVICE = 0x1c4fb003;

/** The counters of services/keyfob.md that a repeater keeps. */
export interface RepeaterCounters {
  readonly heard: number;
  readonly weak: number;
  readonly minutesSent: number;
  readonly minutesMissed: number;
  readonly hciResets: number;
  readonly hciErrors: number;
  readonly live: number;
  readonly dropped: number;
}

/** What a repeater says over USB. */
export class RepeaterHost extends VirtualHost {
  private requests = 0;

  constructor(
    private readonly simulation: World,
    device: SimDevice,
  ) {
    super(simulation, device);
  }

  ask(command: number, rest: Buffer = Buffer.alloc(0)): Buffer {
    return Buffer.from(this.request(KEYFOB_SERVICE, command, Buffer.concat([this.requestNumber(), rest])));
  }

  /** Everything that the device says within 75 ms of a command. */
  answersTo(command: number, payload: Buffer): Buffer[] {
    this.received.length = 0;
    this.command(KEYFOB_SERVICE, command, payload);
    this.simulation.run(ANSWER_US);
    return this.received.map(({ data }) => Buffer.from(data));
  }

  status(): Buffer {
    return this.ask(Command.Status);
  }

  stateFlags(): number {
    return this.status().readUInt16LE(16);
  }

  counters(): RepeaterCounters {
    const report = this.ask(Command.Counters);
    const value = (index: number): number => report.readUInt32LE(2 + index * 4);
    return {
      heard: value(0),
      weak: value(5),
      minutesSent: value(6),
      minutesMissed: value(7),
      hciResets: value(8),
      hciErrors: value(9),
      live: value(19),
      dropped: value(20),
    };
  }

  /** @returns the value now in force */
  setConfig(key: number, value: number): number {
    const command = Buffer.alloc(7);
    command.writeInt32LE(value, 0);
    this.requestNumber().copy(command, 4);
    command[6] = key;
    return Buffer.from(this.request(KEYFOB_SERVICE, Command.ConfigSet, command)).readInt32LE(0);
  }

  private requestNumber(): Buffer {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(++this.requests);
    return number;
  }
}
