import type { Timer } from "../base/timer";
import type { SpiHciTransport } from "./spiHciTransport";

const RADIO_POLL_MS = 5;

/** The job that serves a radio module. */
export function pollingOf(transport: SpiHciTransport, timer: Timer): () => Promise<number> {
  return async () => {
    await transport.poll();
    return timer.millis() + RADIO_POLL_MS;
  };
}
