// The devices of a crowd that one thread runs.

import { createHash, type Hash } from "node:crypto";
import { Positions, type Proximity } from "../air/proximity";
import { LoopedRecording } from "../air/recorded";
import { ContactProximity } from "../contacts/contactProximity";
import { SeededRandom } from "../core/random";
import type { SimDevice } from "../device/device";
import { BtsnoopFile } from "../hci/btsnoop";
import { encodeFrame } from "../jacdac/frame";
import { describePanic } from "../vm/run";
import { VirtualHost } from "../world/host";
import { World } from "../world/world";
import type { CrowdDevice, CrowdSpec, DeviceState, HostCommand, Message } from "./spec";

const BOOT_WITHIN_US = 1e6;
const POWER_CUT_US = 1e6;

/** Builds the world of one thread. */
export class Members {
  readonly world: World;
  private readonly devices = new Map<number, SimDevice>();
  private readonly hciDigests = new Map<number, Hash>();
  private readonly traces: BtsnoopFile[] = [];

  /** @param isOurs whether this thread runs a device */
  constructor(
    private readonly spec: CrowdSpec,
    isOurs: (radio: number) => boolean,
    private readonly tell: (message: Message) => void,
  ) {
    const { seed, profile, recorded } = spec;
    this.world = new World({
      seed,
      profile,
      proximity: proximity(spec),
      ...(recorded ? { recorded: new LoopedRecording(recorded.packets, new Set(recorded.radios)) } : {}),
    });
    const boots = new SeededRandom(`${seed}/boots`);
    spec.devices.forEach((device, radio) => {
      const bootUs = device.bootUs ?? Math.floor(boots.unit() * BOOT_WITHIN_US);
      if (isOurs(radio)) this.world.scheduler.at(bootUs, () => this.boot(radio, device));
    });
  }

  /** @throws RangeError before the device first got power */
  device(radio: number): SimDevice {
    const device = this.devices.get(radio);
    if (!device) throw new RangeError(`device ${radio} has not been switched on yet`);
    return device;
  }

  state(radio: number): DeviceState {
    const { flash, log } = this.device(radio);
    const flashDigest = createHash("sha256").update(flash.settings).update(flash.log.bytes).digest("hex");
    const hci = (this.hciDigests.get(radio) as Hash).copy().digest("hex");
    return {
      flash,
      digest: { hci, flash: flashDigest },
      flashOperations: log.operations,
      flashRuleViolations: log.ruleViolations,
    };
  }

  close(): void {
    for (const trace of this.traces) trace.close();
  }

  private boot(radio: number, spec: CrowdDevice): void {
    const { world, tell } = this;
    const { scheduler } = world;
    const program = this.spec.programs[spec.program];
    if (!program) throw new RangeError(`device ${radio} is to run "${spec.program}", which is not among the programs`);
    const digest = createHash("sha256");
    this.hciDigests.set(radio, digest);
    const trace = spec.hciTrace
      ? new BtsnoopFile(spec.hciTrace, () => this.spec.startS * 1e6 + world.nowUs)
      : undefined;
    if (trace) this.traces.push(trace);
    const device = world.add({
      radio,
      image: program.image,
      onPanic: (panic) =>
        tell({ kind: "panic", radio, atUs: world.nowUs, report: describePanic(panic, program.debugFile) }),
      onHci: (packet) => {
        digest.update(`${world.nowUs}:`).update(packet);
        trace?.write(packet);
      },
      ...(this.spec.logs ? { onLog: (line: string) => tell({ kind: "log", radio, atUs: world.nowUs, line }) } : {}),
      ...(spec.clock ? { clock: spec.clock } : {}),
      ...(spec.flash ? { flash: spec.flash } : {}),
      ...(spec.txPowerDbm === undefined ? {} : { txPowerDbm: spec.txPowerDbm }),
    });
    this.devices.set(radio, device);
    for (const atUs of spec.powerCutsUs ?? []) {
      scheduler.at(atUs, () => device.powerOff());
      scheduler.at(atUs + POWER_CUT_US, () => device.powerOn());
    }
    for (const { atUs, byUs } of spec.clockJumps ?? []) scheduler.at(atUs, () => device.jumpClock(byUs));
    if (spec.hostCommands) this.plugHost(device, spec.hostCommands);
  }

  /** A host that gives its commands in order, each at its moment or as soon after as the service is there; then it is unplugged. */
  private plugHost(device: SimDevice, commands: readonly HostCommand[]): void {
    const { scheduler } = this.world;
    const waiting = [...commands];
    const host = new VirtualHost(this.world, device, () => next());
    const next = (): void => {
      for (let first = waiting[0]; first && first.atUs <= scheduler.nowUs; first = waiting[0]) {
        const address = host.address(first.serviceClass);
        if (!address) return;
        waiting.shift();
        const { command, data } = first;
        device.usbReceive(encodeFrame({ ...address, isCommand: true, command, data }));
      }
      if (waiting[0]) scheduler.at(waiting[0].atUs, next);
      else host.unplug();
    };
    next();
  }
}

function proximity({ proximity: given, seed }: CrowdSpec): Proximity {
  if (given.kind === "walks") return new Positions(given.walks);
  return new ContactProximity(given.runs, new SeededRandom(`${seed}/contacts`).uint32());
}
