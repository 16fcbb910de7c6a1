import * as ds from "@devicescript/core";
import type { HciTransport } from "../board/hciTransport";
import { onReport } from "./roleHooks";

/** Code of the report that carries events. */
const RECEIVED = 0x81;
/** Most H4 bytes in one `send` of services/hci.md. */
const SEND_BYTES = 232;

/** A controller behind the HCI service of services/hci.md: the ESP32's own radio, or a simulated one. */
export class JacdacHciTransport implements HciTransport {
  private readonly service: ds.Hci;

  constructor() {
    this.service = new ds.Hci();
  }

  async send(packets: Buffer): Promise<void> {
    if (packets.length > SEND_BYTES) throw new RangeError("too many HCI commands for one packet");
    if (!this.service.isBound) throw new Error("there is no radio");
    await this.service.send(packets);
  }

  onEvents(handler: (packets: Buffer) => void): void {
    onReport(this.service, (packet) => {
      if (packet.serviceCommand === RECEIVED) handler(packet.payload);
    });
  }

  /** The service has no reset line; its server restarts the radio on HCI Reset. */
  async resetHardware(): Promise<void> {}
}
