/** One light: RGB, or a single LED that is on for any colour but black. */
export interface Light {
  /** Shows a colour, 0 to 255 each. */
  show(red: number, green: number, blue: number): Promise<void>;
}
