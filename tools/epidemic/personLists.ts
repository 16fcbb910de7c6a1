/** Moments, each with a number, kept for each person, latest first: in a few arrays, because there are hundreds of thousands. */
export class PersonLists {
  private readonly heads: Int32Array;
  private next = new Int32Array(1024);
  private times = new Float64Array(1024);
  private values = new Int32Array(1024);
  private size = 0;

  constructor(people: number) {
    this.heads = new Int32Array(people).fill(-1);
  }

  add(person: number, time: number, value: number): void {
    if (this.size === this.next.length) {
      this.next = grown(this.next, Int32Array);
      this.times = grown(this.times, Float64Array);
      this.values = grown(this.values, Int32Array);
    }
    const at = this.size++;
    this.next[at] = this.heads[person] as number;
    this.times[at] = time;
    this.values[at] = value;
    this.heads[person] = at;
  }

  /** Place of a person's latest entry, or -1. */
  first(person: number): number {
    return this.heads[person] as number;
  }

  after(at: number): number {
    return this.next[at] as number;
  }

  time(at: number): number {
    return this.times[at] as number;
  }

  value(at: number): number {
    return this.values[at] as number;
  }
}

function grown<T extends Int32Array | Float64Array>(old: T, kind: new (length: number) => T): T {
  const larger = new kind(2 * old.length);
  larger.set(old);
  return larger;
}
