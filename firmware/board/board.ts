import type { ClockChip } from "./clockChip";
import type { FlashStore } from "./flashStore";
import type { HciTransport } from "./hciTransport";
import type { Light } from "./light";

/** What a board brings to the program. */
export interface Board {
  readonly radio: HciTransport;
  /** What the radio wants done now and then. @returns when it is due again, in milliseconds of the timer */
  readonly radioJob: (() => Promise<number>) | undefined;
  /** Resolves when the store is ready to use. @throws FlashError */
  openFlash(): Promise<FlashStore>;
  /** Undefined if the board has none. */
  readonly clockChip: ClockChip | undefined;
  /** Names the one receiver of presses of the button, told when it is let go, with the milliseconds that it was down. It must not wait. */
  onPress(handler: (heldMs: number) => void): void;
  readonly light: Light;
}
