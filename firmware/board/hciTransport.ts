/**
 * The way to a Bluetooth controller: one of the two hardware seams of the firmware. It carries whole H4 packets (Core
 * specification vol 4 part A: type 01 command or 04 event, header, parameters) and knows nothing of what they mean.
 */
export interface HciTransport {
  /**
   * Hands whole H4 command packets, one after the other in one buffer, to the controller in order, paced by its Command
   * Complete and Command Status. Resolves when they are on their way, not when they are answered.
   */
  send(packets: Buffer): Promise<void>;

  /** Names the one receiver of whole H4 event packets (one or more in a buffer). It must not block. */
  onEvents(handler: (packets: Buffer) => void): void;

  /** Forces the controller into its power-on state where there is a line for it; elsewhere does nothing. */
  resetHardware(): Promise<void>;
}
