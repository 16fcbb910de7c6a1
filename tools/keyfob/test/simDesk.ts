// A simulated device within this process, behind a real TCP port or pseudo terminal, for the host's end to talk to.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "../../sim/core/random";
import type { DeviceFlash, SimDevice } from "../../sim/device/device";
import type { LineFaultOptions } from "../../sim/usb/lineFaults";
import { openPty, openTcpPort, type Port } from "../../sim/usb/ports";
import { LiveWorld } from "../../sim/world/live";
import { World } from "../../sim/world/world";

export interface DeskOptions {
  readonly image?: Uint8Array;
  readonly flash?: DeviceFlash;
  /** A pseudo terminal (needs socat) rather than a TCP port. */
  readonly pty?: boolean;
  readonly faults?: LineFaultOptions;
  /** Presses the button by itself while a host is connected. */
  readonly consenting?: boolean;
}

export interface Desk {
  readonly device: SimDevice;
  readonly port: Port;
  /** What the program logged. */
  readonly log: string[];
  /** Panics of the program; empty if all is well. */
  readonly panics: string[];
  /** Times that the device was reset. */
  readonly resets: () => number;
  close(): Promise<void>;
}

const PRESS_EVERY_MS = 700;

/** Puts a device on the desk and plugs it in. */
export async function openDesk(options: DeskOptions): Promise<Desk> {
  const log: string[] = [];
  const panics: string[] = [];
  let resets = 0;
  const world = new World({ seed: "desk" });
  const device = world.add({
    ...(options.image ? { image: options.image } : {}),
    ...(options.flash ? { flash: options.flash } : {}),
    onLog: (line) => log.push(line),
    onPanic: ({ code, report }) => panics.push(`${code} ${report.join("\n")}`),
    onReset: () => resets++,
  });
  const live = new LiveWorld(world);
  live.start();
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-desk-"));
  const portOptions = { random: new SeededRandom("desk line"), ...(options.faults ? { faults: options.faults } : {}) };
  const port = options.pty
    ? await openPty(live, device, join(folder, "port"), portOptions)
    : await openTcpPort(live, device, 0, portOptions);
  const pressing = setInterval(() => {
    if (options.consenting && port.isOpen) device.button.press();
  }, PRESS_EVERY_MS);
  return {
    device,
    port,
    log,
    panics,
    resets: () => resets,
    close: async () => {
      clearInterval(pressing);
      live.stop();
      await port.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
