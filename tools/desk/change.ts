import type { Keyfob } from "../keyfob/keyfob";
import { KeyfobError } from "../keyfob/keyfobError";
import { askWearer } from "./consent";
import type { Work } from "./events";

/**
 * Makes a change of settings, region keys, clock or snooze. Asks the wearer if the keyfob wants that, and takes the consent back
 * when the change is made; a new keyfob does not ask.
 *
 * @param make makes the change, and may be called twice: what the keyfob has already taken, it takes again
 * @throws KeyfobError if the wearer refuses, nobody presses the button, or the keyfob refuses the change itself
 */
export async function change<T>(keyfob: Keyfob, work: Work, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof KeyfobError && error.status === "NoConsent")) throw error;
  }
  const request = await askWearer(keyfob, "settings", work);
  try {
    return await make();
  } finally {
    await keyfob.endConsent(request);
  }
}
