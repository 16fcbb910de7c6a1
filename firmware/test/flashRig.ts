import { SeededRandom } from "../../tools/sim/core/random";
import { FlashService } from "../../tools/sim/device/flashService";
import { type FlashStatus, NorFlash, type NorFlashState, PowerCut } from "../../tools/sim/device/norFlash";
import { JacdacServer } from "../../tools/sim/jacdac/server";
import { describePanic } from "../../tools/sim/vm/run";
import { blankSettingsFlash, type Panic, Vm } from "../../tools/sim/vm/vm";

const ANNOUNCE_US = 500_000;

/** What a run of a program beside a flash store printed, and how it ended. */
export interface RigRun {
  readonly lines: string[];
  readonly cut: boolean;
  /** Virtual time that it took, from power-on. */
  readonly ms: number;
}

export interface RigOptions {
  readonly image: Uint8Array;
  readonly debugFile?: string;
  readonly state: NorFlashState;
  /** Cuts the power in this program or erase (1: the first). */
  readonly cutAt?: number;
  /** What the chip would hold if the power failed in the program or erase that begins now; called with each, in order. */
  readonly onOperation?: (ifCut: NorFlashState, linesSoFar: readonly string[]) => void;
  /** The line at which to stop; default "done". */
  readonly until?: string;
  /** Which frames of the store are lost on the bus. */
  readonly isLost?: () => boolean;
  /** Whether there is no flash service on the bus. */
  readonly isAbsent?: boolean;
  readonly limitMs: number;
}

/** A chip that shows, before each operation, what a power cut in it would leave. */
class ForeseeingFlash extends NorFlash {
  constructor(
    state: NorFlashState,
    private readonly onOperation: (ifCut: NorFlashState) => void,
  ) {
    super(state);
  }

  override program(offset: number, data: Uint8Array): FlashStatus {
    this.foresee((flash) => flash.program(offset, data));
    return super.program(offset, data);
  }

  override erase(offset: number): FlashStatus {
    this.foresee((flash) => flash.erase(offset));
    return super.erase(offset);
  }

  private foresee(operate: (flash: NorFlash) => FlashStatus): void {
    const copy = { bytes: this.state.bytes.slice(), erases: this.state.erases.slice() };
    const flash = new NorFlash(copy);
    flash.cutPowerAt(1);
    try {
      operate(flash);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.onOperation(copy);
    }
  }
}

/** Runs a program from power-on in the VM, with a flash service on its bus, until it prints "done" or loses power. */
export function runBesideFlash(options: RigOptions): RigRun {
  const lines: string[] = [];
  let nowUs = 0;
  let panic: Panic | undefined;
  const { onOperation, until = "done" } = options;
  const flash = onOperation
    ? new ForeseeingFlash(options.state, (ifCut) => onOperation(ifCut, lines))
    : new NorFlash(options.state);
  if (options.cutAt !== undefined) flash.cutPowerAt(options.cutAt);
  const random = new SeededRandom("flashRig");
  const services = options.isAbsent ? [] : [new FlashService(flash)];
  const server: JacdacServer = new JacdacServer(2n, services, (frame) => {
    if (!options.isLost?.()) vm.deliver(frame);
  });
  const vm = new Vm({
    deviceId: 1n,
    localMicros: () => nowUs,
    randomBytes: (length) => random.bytes(length),
    settingsFlash: blankSettingsFlash(),
    onFrame: (frame) => void server.receive(frame),
    onLog: (line) => line.startsWith("> ") && lines.push(line.slice(2)),
    onPanic: (p) => {
      panic ??= p;
    },
  });
  vm.deploy(options.image);
  let announceUs = 0;
  while (lines[lines.length - 1] !== until) {
    if (nowUs > options.limitMs * 1000)
      throw new Error(`not done within ${options.limitMs} ms; last: ${lines.slice(-3)}`);
    if (nowUs >= announceUs) {
      server.announce();
      announceUs += ANNOUNCE_US;
    }
    try {
      nowUs = Math.min(announceUs, nowUs + vm.step());
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      return { lines, cut: true, ms: nowUs / 1000 };
    }
    if (panic) throw new Error(describePanic(panic, options.debugFile));
  }
  return { lines, cut: false, ms: nowUs / 1000 };
}
