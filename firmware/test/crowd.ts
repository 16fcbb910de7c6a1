// Frames of people who are not simulated, straight into a device's radio.

import { minuteOfSeconds } from "../../protocol/base/time";
import type { Advertisement } from "../../protocol/beacon/advertisement";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { type KeyfobRig, SECOND_US, sha256 } from "./keyfobRig";

/** Lets a device hear a frame now. */
export function hear(rig: KeyfobRig, frame: Advertisement, rssiDbm: number): void {
  const address = Uint8Array.from(frame.advA).reverse();
  rig.device.controller.received({ type: 3, isAddressRandom: true, address, data: frame.advData }, rssiDbm);
}

/** The seed of the index-th stranger. */
export function strangersSeed(index: number): Buffer {
  return sha256(Buffer.from(`stranger ${index}`));
}

/** Lets a world run while `count` strangers stand around the device, each heard every ten seconds. */
export function runAmong(rig: KeyfobRig, count: number, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    if (second % 10 === 0) {
      const minute = minuteOfSeconds(rig.worldSeconds());
      for (let i = 0; i < count; i++)
        hear(rig, encodeChirpFrame(chirpOf(sha256, strangersSeed(i), minute), -8, 0, TEST_COMPANY), -60 - (i % 30));
    }
    rig.world.run(SECOND_US);
  }
}
