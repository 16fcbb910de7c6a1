import { createHash } from "node:crypto";
import { StudyError } from "../base/errors";
import type { PeerLink } from "./link";

const DIGEST_WORDS = 8;

/** A running hash of all that was opened, by which servers notice before the output that they do not agree. */
export class OpenedDigest {
  private readonly hash = createHash("sha256");

  add(words: Uint32Array): void {
    this.hash.update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** @throws StudyError if another server has opened anything else */
  async compare(link: PeerLink): Promise<void> {
    const mine = new Uint32Array(new Uint8Array(this.hash.copy().digest()).buffer);
    const others = Array.from({ length: link.servers }, (_, i) => i).filter((i) => i !== link.party);
    for (const other of others) link.send(other, mine);
    for (const other of others) {
      const theirs = await link.receive(other, DIGEST_WORDS);
      if (theirs.some((word, i) => word !== mine[i]))
        throw new StudyError(`server ${other + 1} has opened other values than this one: the study ends`, "refused");
    }
  }
}
