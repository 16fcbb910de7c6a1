/** The radio module did not answer as its SPI protocol demands: absent, unpowered, miswired or hung. */
export class SpiHciError extends Error {}

/** How one family of radio modules wraps H4 packets in SPI transactions. */
export interface SpiHciDialect {
  /** Milliseconds for which the reset line is held low. */
  readonly resetLowMs: number;

  /** Milliseconds after the reset in which the boot event must have come. */
  readonly bootMs: number;

  /** H4 command that the chip needs after every boot before any other, or undefined. */
  readonly afterBoot: Buffer | undefined;

  /** Whether the chip restarts, with another boot event, after it has answered HCI_Reset. */
  readonly restartsOnHciReset: boolean;

  /** Reads some bytes of the chip's stream of H4 packets, for use while the interrupt line is high. @throws SpiHciError */
  read(): Promise<Buffer>;

  /** Writes one whole H4 packet. @throws SpiHciError */
  write(packet: Buffer): Promise<void>;
}
