// Three servers, one of them corrupt: replicated XOR sharing (Araki et al., CCS 2016), which is Shamir's over GF(4) of each bit.
//
// A bit is x0 + x1 + x2, and server p holds x[p] and x[p + 1]. With the points 1, w, w^2 for servers 0, 1, 2 its share of a
// polynomial of degree 1 over GF(4) is w * x[p] + w^2 * x[p + 1] (docs/study.md, "Sharing").

import { StudyError } from "../base/errors";
import type { Cost, Engine, Shared, Sharing, Shuffled } from "./engine";
import { keySets, type SetKeys } from "./keySets";
import { KeyStream } from "./keyStream";
import type { PeerLink } from "./link";
import { OpenedDigest } from "./openedDigest";
import { gatherRows, inverse } from "./transpose";

const SERVERS = 3;

export const REPLICATED: Sharing = {
  servers: SERVERS,
  components: 2,

  split(words, random) {
    const x0 = random(words.length);
    const x1 = random(words.length);
    const x2 = words.map((word, i) => word ^ (x0[i] as number) ^ (x1[i] as number));
    return [
      [x0, x1],
      [x1, x2],
      [x2, x0],
    ];
  },

  combine(shares) {
    const parts = shares.map((share) => share[0] as Uint32Array);
    for (let p = 0; p < SERVERS; p++) {
      const again = (shares[p] as Shared)[1] as Uint32Array;
      if (again.some((word, i) => word !== parts[(p + 1) % SERVERS]?.[i]))
        throw new StudyError(
          "the servers' answers contradict one another: at least one is wrong, believe none",
          "refused",
        );
    }
    const [a, b, c] = parts as [Uint32Array, Uint32Array, Uint32Array];
    return a.map((word, i) => word ^ (b[i] as number) ^ (c[i] as number));
  },
};

/** The engine of one of three servers. */
export class ReplicatedEngine implements Engine {
  readonly cost: Cost = { ands: 0, rounds: 0, bytesSent: 0, shuffleBytesSent: 0 };
  readonly components = REPLICATED.components;
  private readonly me: number;
  private readonly next: number;
  private readonly previous: number;
  /** Streams under k[p], shared with the server before, and k[p + 1], shared with the one after. */
  private readonly masks: readonly [KeyStream, KeyStream];
  private readonly shuffleMasks: readonly [KeyStream, KeyStream];
  private readonly orders: readonly [KeyStream, KeyStream];
  private readonly opened = new OpenedDigest();

  constructor(
    private readonly link: PeerLink,
    keys: SetKeys,
  ) {
    this.me = link.party;
    this.next = (link.party + 1) % SERVERS;
    this.previous = (link.party + 2) % SERVERS;
    const sets = keySets(SERVERS);
    const key = (p: number): Uint8Array => {
      const at = sets.findIndex((set) => set.includes(p) && set.includes((p + 2) % SERVERS));
      return keys[at] as Uint8Array;
    };
    const pair = (purpose: string): readonly [KeyStream, KeyStream] => [
      new KeyStream(key(this.me), purpose),
      new KeyStream(key(this.next), purpose),
    ];
    this.masks = pair("chirpfob study and");
    this.shuffleMasks = pair("chirpfob study shuffle");
    this.orders = pair("chirpfob study order");
  }

  async and(x: Shared, y: Shared): Promise<Shared> {
    const [x0, x1] = x as [Uint32Array, Uint32Array];
    const [y0, y1] = y as [Uint32Array, Uint32Array];
    const count = x0.length;
    const z = this.masks[0].words(count);
    const mask = this.masks[1].words(count);
    for (let i = 0; i < count; i++) {
      const p = y0[i] as number;
      z[i] =
        (z[i] as number) ^
        (mask[i] as number) ^
        ((x0[i] as number) & (p ^ (y1[i] as number))) ^
        ((x1[i] as number) & p);
    }
    this.cost.ands += 32 * count;
    this.cost.rounds++;
    this.send(this.previous, z);
    return [z, await this.link.receive(this.next, count)];
  }

  not(x: Shared): Shared {
    const [x0, x1] = x as [Uint32Array, Uint32Array];
    // Only x[0] changes, which servers 0 and 2 hold.
    if (this.me === 0) return [x0.map((word) => ~word), x1];
    return this.me === 2 ? [x0, x1.map((word) => ~word)] : x;
  }

  constant(words: Uint32Array): Shared {
    const none = new Uint32Array(words.length);
    if (this.me === 0) return [words, none];
    return this.me === 2 ? [none, words] : [none, none];
  }

  async open(x: Shared): Promise<Uint32Array> {
    const [x0, x1] = x as [Uint32Array, Uint32Array];
    this.cost.rounds++;
    this.send(this.next, x0);
    const third = await this.link.receive(this.previous, x0.length);
    const value = new Uint32Array(x0.length);
    for (let i = 0; i < value.length; i++) value[i] = (x0[i] as number) ^ (x1[i] as number) ^ (third[i] as number);
    this.opened.add(value);
    return value;
  }

  async shuffle(rows: Shared, wordsPerRow: number): Promise<Shuffled> {
    const count = (rows[0] as Uint32Array).length / wordsPerRow;
    const orders: (Uint32Array | undefined)[] = [];
    let shuffled = rows;
    for (let first = 0; first < SERVERS; first++) {
      // Servers first and first + 1 have a key in common, and draw the order of this pass from it.
      const stream =
        this.me === first ? this.orders[1] : this.me === (first + 1) % SERVERS ? this.orders[0] : undefined;
      orders.push(stream?.permutation(count));
      shuffled = await this.pass(shuffled, wordsPerRow, first, orders[first]);
    }
    return {
      rows: shuffled,
      undo: async (others, width) => {
        let restored = others;
        for (let first = SERVERS - 1; first >= 0; first--) {
          const order = orders[first];
          restored = await this.pass(restored, width, first, order && inverse(order));
        }
        return restored;
      },
    };
  }

  compareOpened(): Promise<void> {
    return this.opened.compare(this.link);
  }

  /** One order, known to two servers, and fresh shares, so that the third learns nothing of it. */
  private async pass(
    rows: Shared,
    wordsPerRow: number,
    first: number,
    order: Uint32Array | undefined,
  ): Promise<Shared> {
    const [own, shared] = rows as [Uint32Array, Uint32Array];
    const length = own.length;
    this.cost.rounds++;
    const place = (this.me - first + SERVERS) % SERVERS;
    if (place === 0) {
      // y[first] and y[first + 1] are drawn; what is missing of the sum goes to the second server.
      const mine = this.shuffleMasks[0].words(length);
      const second = this.shuffleMasks[1].words(length);
      const sum = new Uint32Array(length);
      for (let i = 0; i < length; i++) sum[i] = (own[i] as number) ^ (shared[i] as number);
      const [moved] = gatherRows([sum], wordsPerRow, order as Uint32Array) as [Uint32Array];
      for (let i = 0; i < length; i++) moved[i] = (moved[i] as number) ^ (mine[i] as number) ^ (second[i] as number);
      this.send(this.next, moved, true);
      return [mine, second];
    }
    if (place === 1) {
      const second = this.shuffleMasks[0].words(length);
      const [moved] = gatherRows([shared], wordsPerRow, order as Uint32Array) as [Uint32Array];
      const received = await this.link.receive(this.previous, length);
      for (let i = 0; i < length; i++) moved[i] = (moved[i] as number) ^ (received[i] as number);
      this.send(this.next, moved, true);
      return [second, moved];
    }
    const mine = this.shuffleMasks[1].words(length);
    return [await this.link.receive(this.previous, length), mine];
  }

  private send(to: number, words: Uint32Array, isShuffle = false): void {
    this.cost.bytesSent += words.byteLength;
    if (isShuffle) this.cost.shuffleBytesSent += words.byteLength;
    this.link.send(to, words);
  }
}
