import type { ClockChip } from "./chips/clockChip";
import type { FlashStore } from "./flash/flashStore";
import type { HciTransport } from "./hci/transport";
import type { Light } from "./wearer/light";

/** The one button of a keyfob. */
export interface ButtonInput {
  /** Names the one receiver of presses, told when the button is let go, with the milliseconds that it was down. */
  onPress(handler: (heldMs: number) => void): void;
}

/** What a board brings to the program. Parts that it lacks are undefined. */
export interface Board {
  readonly radio: HciTransport;
  /** Resolves when the store is ready to use. @throws FlashError */
  openFlash(): Promise<FlashStore>;
  readonly clockChip: ClockChip | undefined;
  readonly button: ButtonInput | undefined;
  readonly light: Light | undefined;
  /** Battery level in percent, 255 if the board cannot tell. */
  batteryPercent(): number;
}
