import type { ConsentWait, Keyfob } from "../keyfob/keyfob";
import type { ConsentPurpose, Work } from "./events";

/** Asks the wearer to press the button. @returns the number of the consent @throws KeyfobError if the wearer refuses, or nobody presses it */
export async function askWearer(
  keyfob: Keyfob,
  consent: Exclude<ConsentPurpose, "erase">,
  work: Work,
): Promise<number> {
  return await keyfob
    .askConsent(consent, consentWait(consent, work))
    .finally(() => work.tell({ kind: "consentOver", consent }));
}

/** What is told while the button is waited for. */
export function consentWait(consent: ConsentPurpose, { signal, tell }: Work): ConsentWait {
  return {
    signal,
    onWaiting: (secondsLeft) => tell({ kind: "consentWanted", consent, secondsLeft }),
    onBusy: () => tell({ kind: "keyfobBusy" }),
    onErasing: () => {
      tell({ kind: "consentOver", consent });
      tell({ kind: "erasing" });
    },
  };
}
