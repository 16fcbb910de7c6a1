// Five or seven servers, two or three of them corrupt: Shamir's sharing over GF(8) of each bit, server i at the point i + 1.
//
// AND is a local product and a reduction of its degree (Damgard and Nielsen, CRYPTO 2007) under pseudorandom double sharings from
// the keys of all sets of m - t servers (Cramer, Damgard, Ishai, TCC 2005). The shuffle has a pass for each such set.

import { randomBytes } from "node:crypto";
import { StudyError } from "../base/errors";
import type { Cost, Engine, Shared, Sharing, Shuffled } from "./engine";
import { addScaled, lagrange, multiply, power, products } from "./gf8";
import { keySets, type SetKeys, threshold } from "./keySets";
import { KeyStream } from "./keyStream";
import type { PeerLink } from "./link";
import { OpenedDigest } from "./openedDigest";
import { gatherRows, inverse } from "./transpose";
import { concat, slice, wordCount, zeros } from "./words";

/** Bits of an element of GF(8). */
const COMPONENTS = 3;

const pointOf = (server: number): number => server + 1;

/** Shamir's sharing of bits among five or seven servers. */
export function shamirSharing(servers: number): Sharing {
  const t = threshold(servers);
  const points = Array.from({ length: servers }, (_, i) => pointOf(i));
  return {
    servers,
    components: COMPONENTS,

    split(words, random) {
      const none = new Uint32Array(words.length);
      return shareElements([words, none, none], servers, random);
    },

    combine(shares) {
      const length = wordCount(shares[0] as Shared);
      const known = points.slice(0, t + 1);
      const at = (point: number): Shared => {
        const value = zeros(COMPONENTS, length);
        for (const [i, factor] of lagrange(known, point).entries()) addScaled(value, factor, shares[i] as Shared);
        return value;
      };
      const secret = at(0);
      const fits = points
        .slice(t + 1)
        .every((point) => at(point).every((words, c) => words.every((w, i) => w === shares[point - 1]?.[c]?.[i])));
      if (!fits || secret.slice(1).some((words) => words.some((word) => word !== 0)))
        throw new StudyError(
          "the servers' answers contradict one another: at least one is wrong, believe none",
          "refused",
        );
      return secret[0] as Uint32Array;
    },
  };
}

/** Shares of packed elements of GF(8): a polynomial of degree t for each, with fresh coefficients. */
function shareElements(secret: Shared, servers: number, random: (words: number) => Uint32Array): Shared[] {
  const length = (secret[0] as Uint32Array).length;
  const coefficients = Array.from(
    { length: threshold(servers) },
    (): Shared => [random(length), random(length), random(length)],
  );
  return Array.from({ length: servers }, (_, server) => {
    const share = secret.map((words) => words.slice());
    for (const [j, coefficient] of coefficients.entries()) addScaled(share, power(pointOf(server), j + 1), coefficient);
    return share;
  });
}

/** What a set's key does for this server: the value at its point of the polynomial that is 1 at 0 and 0 outside of the set. */
interface SetStream {
  readonly value: number;
  readonly stream: KeyStream;
}

/** The engine of one of five or seven servers. */
export class ShamirEngine implements Engine {
  readonly cost: Cost = { ands: 0, rounds: 0, bytesSent: 0, shuffleBytesSent: 0 };
  readonly components = COMPONENTS;
  private readonly me: number;
  private readonly servers: number;
  private readonly t: number;
  private readonly others: readonly number[];
  private readonly sets: readonly (readonly number[])[];
  private readonly masks: readonly SetStream[];
  private readonly orders: readonly (KeyStream | undefined)[];
  private readonly chance = new KeyStream(randomBytes(32), "chirpfob study own chance");
  private readonly opened = new OpenedDigest();

  constructor(
    private readonly link: PeerLink,
    keys: SetKeys,
  ) {
    this.me = link.party;
    this.servers = link.servers;
    this.t = threshold(link.servers);
    this.others = Array.from({ length: link.servers }, (_, i) => i).filter((i) => i !== link.party);
    this.sets = keySets(link.servers);
    this.orders = keys.map((key) => key && new KeyStream(key, "chirpfob study order"));
    this.masks = this.sets.flatMap((set, i) => {
      const key = keys[i];
      if (key === undefined) return [];
      const zerosAt = this.others.concat(this.me).filter((server) => !set.includes(server));
      const [value] = lagrange([0, ...zerosAt.map(pointOf)], pointOf(this.me)) as [number];
      return [{ value, stream: new KeyStream(key, "chirpfob study and") }];
    });
  }

  async and(x: Shared, y: Shared): Promise<Shared> {
    const length = (x[0] as Uint32Array).length;
    const { low, high } = this.doubleSharing(length);
    const masked = products(x, y);
    addScaled(masked, 1, high);
    this.cost.ands += 32 * length;
    this.cost.rounds++;
    const sums = await this.gatherAtKings(masked, length);
    const result = low.map((words) => words.slice());
    const bits = result[0] as Uint32Array;
    for (let i = 0; i < length; i++) bits[i] = (bits[i] as number) ^ (sums[i] as number);
    return result;
  }

  not(x: Shared): Shared {
    return [(x[0] as Uint32Array).map((word) => ~word), ...x.slice(1)];
  }

  constant(words: Uint32Array): Shared {
    const none = new Uint32Array(words.length);
    return [words, none, none];
  }

  async open(x: Shared): Promise<Uint32Array> {
    const length = (x[0] as Uint32Array).length;
    const all = flat(x);
    this.cost.rounds++;
    for (const other of this.others) this.send(other, all);
    const shares: Shared[] = [];
    for (let i = 0; i < this.servers; i++)
      shares.push(i === this.me ? x : unflat(await this.link.receive(i, COMPONENTS * length)));
    const value = shamirSharing(this.servers).combine(shares);
    this.opened.add(value);
    return value;
  }

  async shuffle(rows: Shared, wordsPerRow: number): Promise<Shuffled> {
    const count = (rows[0] as Uint32Array).length / wordsPerRow;
    const orders = this.orders.map((stream) => stream?.permutation(count));
    let shuffled = rows;
    for (const [i, set] of this.sets.entries()) shuffled = await this.pass(shuffled, wordsPerRow, set, orders[i]);
    return {
      rows: shuffled,
      undo: async (others, width) => {
        let restored = others;
        for (let i = this.sets.length - 1; i >= 0; i--) {
          const order = orders[i];
          restored = await this.pass(restored, width, this.sets[i] as readonly number[], order && inverse(order));
        }
        return restored;
      },
    };
  }

  compareOpened(): Promise<void> {
    return this.opened.compare(this.link);
  }

  /** Shares of the same random bits by polynomials of degree t and 2t. */
  private doubleSharing(length: number): { readonly low: Shared; readonly high: Shared } {
    const low = zeros(COMPONENTS, length);
    const high = zeros(COMPONENTS, length);
    const none = new Uint32Array(length);
    for (const { value, stream } of this.masks) {
      const drawn = stream.words((1 + COMPONENTS * this.t) * length);
      addScaled(low, value, [drawn.subarray(0, length), none, none]);
      for (let j = 1; j <= this.t; j++) {
        const begin = (1 + COMPONENTS * (j - 1)) * length;
        addScaled(
          high,
          multiply(value, power(pointOf(this.me), j)),
          unflat(drawn.subarray(begin, begin + COMPONENTS * length)),
        );
      }
    }
    addScaled(high, 1, low);
    return { low, high };
  }

  /** Each server adds up a part of the masked products of all, which are bits, and tells the others. */
  private async gatherAtKings(masked: Shared, length: number): Promise<Uint32Array> {
    const edge = (king: number): number => Math.floor((king * length) / this.servers);
    const part = (king: number): Shared => slice(masked, edge(king), edge(king + 1));
    for (const king of this.others) this.send(king, flat(part(king)));
    const own = zeros(COMPONENTS, edge(this.me + 1) - edge(this.me));
    const factors = lagrange(
      Array.from({ length: this.servers }, (_, i) => pointOf(i)),
      0,
    );
    for (let i = 0; i < this.servers; i++) {
      const share =
        i === this.me ? part(i) : unflat(await this.link.receive(i, COMPONENTS * (own[0] as Uint32Array).length));
      addScaled(own, factors[i] as number, share);
    }
    for (const other of this.others) this.send(other, own[0] as Uint32Array);
    const sums = new Uint32Array(length);
    for (let king = 0; king < this.servers; king++)
      sums.set(
        king === this.me ? (own[0] as Uint32Array) : await this.link.receive(king, edge(king + 1) - edge(king)),
        edge(king),
      );
    return sums;
  }

  /** The set's servers hold the secret as a sum, move its parts alike, and share them anew. */
  private async pass(
    rows: Shared,
    wordsPerRow: number,
    set: readonly number[],
    order: Uint32Array | undefined,
  ): Promise<Shared> {
    const length = (rows[0] as Uint32Array).length;
    const fresh = zeros(COMPONENTS, length);
    this.cost.rounds++;
    if (order !== undefined) {
      const part = zeros(COMPONENTS, length);
      addScaled(part, lagrange(set.map(pointOf), 0)[set.indexOf(this.me)] as number, rows);
      const shares = shareElements(gatherRows(part, wordsPerRow, order), this.servers, (words) =>
        this.chance.words(words),
      );
      for (const other of this.others) this.send(other, flat(shares[other] as Shared), true);
      addScaled(fresh, 1, shares[this.me] as Shared);
    }
    for (const member of set)
      if (member !== this.me) addScaled(fresh, 1, unflat(await this.link.receive(member, COMPONENTS * length)));
    return fresh;
  }

  private send(to: number, words: Uint32Array, isShuffle = false): void {
    this.cost.bytesSent += words.byteLength;
    if (isShuffle) this.cost.shuffleBytesSent += words.byteLength;
    this.link.send(to, words);
  }
}

function flat(x: Shared): Uint32Array {
  const [all] = concat(x.map((words) => [words])) as [Uint32Array];
  return all;
}

function unflat(words: Uint32Array): Shared {
  const length = words.length / COMPONENTS;
  return Array.from({ length: COMPONENTS }, (_, c) => words.subarray(c * length, (c + 1) * length));
}
