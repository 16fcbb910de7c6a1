/** A battery-backed clock that keeps UTC while the keyfob has no power. */
export interface ClockChip {
  /**
   * Unix seconds, or undefined if the chip cannot be believed: its oscillator has stopped since it was set, it holds no valid
   * time, or it does not answer.
   */
  read(): Promise<number | undefined>;

  /**
   * Sets the time, from which moment the chip counts whole seconds, and clears its record of a stopped oscillator.
   *
   * @param unixSeconds 2000 to 2099
   * @returns whether the chip took it
   */
  set(unixSeconds: number): Promise<boolean>;
}
