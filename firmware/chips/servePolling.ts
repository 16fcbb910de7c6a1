import * as ds from "@devicescript/core";
import type { SpiHciTransport } from "./spiHciTransport";

const RADIO_POLL_MS = 5;

/** Serves a radio module for as long as the program runs. */
export function servePolling(transport: SpiHciTransport): void {
  const loop = async () => {
    while (true) {
      await transport.poll();
      await ds.sleep(RADIO_POLL_MS);
    }
  };
  loop.start();
}
