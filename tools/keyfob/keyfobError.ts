import type { StatusName } from "./packetCodec";

const MEANINGS: Partial<Record<StatusName, string>> = {
  Malformed:
    "the keyfob did not understand the request: its firmware and this program do not fit, bring both up to date",
  NotOffered: "this device does not offer that: it is a repeater, or it is in safe mode",
  Busy: "the keyfob is busy with something else: wait a minute and try again",
  ClockNotSet: 'the keyfob does not know the time: run "chirpfob clock sync" first',
  NoConsent: "the consent is no longer open: ask again, and press the button on the keyfob when its light asks",
  OutOfRange: "a value is outside what the keyfob takes: nothing was changed",
  NoSuchKey: "the keyfob does not have that key",
  Full: "the keyfob has no room for another one: remove one first",
  NotBegun: "the keyfob no longer knows of this operation (did it restart?): begin again",
  BadHeader: "the keyfob finds the shard's header wrong: the file is damaged or of a newer kind",
  UnknownRegionKey:
    'the keyfob does not hold the key that signed this shard: get the region\'s key from its health service and run "chirpfob keys add"',
  BadBlock: "the keyfob finds a block of the shard wrong: the file is damaged, fetch it again",
  BadSignature:
    "the keyfob says that the shard's signature is wrong: the file is damaged or forged, nothing of it was kept; fetch it again",
  Refused: "the wearer refused with a long press: nothing was done",
  Expired: "nobody pressed the button in time: nothing was done; try again with the keyfob at hand",
  StorageFault: "the keyfob cannot read or write its log: its light shows the fault, it needs repair",
};

/** The keyfob answered, and the answer is no. The message says why and what to do. */
export class KeyfobError extends Error {
  override readonly name = "KeyfobError";

  constructor(readonly status: StatusName) {
    super(MEANINGS[status] ?? `the keyfob answered "${status}", which is no answer to this request`);
  }
}
