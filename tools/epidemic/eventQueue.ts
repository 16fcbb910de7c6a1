/** Events in order of time: a binary heap in typed arrays, because an epidemic has hundreds of thousands. */
export class EventQueue {
  private times = new Float64Array(1024);
  private values = new Int32Array(3 * 1024);
  size = 0;

  /** The event that `pop` took last. */
  time = 0;
  kind = 0;
  from = 0;
  to = 0;

  clear(): void {
    this.size = 0;
  }

  push(time: number, kind: number, from: number, to: number): void {
    if (this.size === this.times.length) this.grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.times[parent] as number) <= time) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, time, kind, from, to);
  }

  /** Takes the earliest event into `time`, `kind`, `from` and `to`. @returns whether there was one */
  pop(): boolean {
    if (this.size === 0) return false;
    this.time = this.times[0] as number;
    this.kind = this.values[0] as number;
    this.from = this.values[1] as number;
    this.to = this.values[2] as number;
    const last = --this.size;
    const time = this.times[last] as number;
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && (this.times[child + 1] as number) < (this.times[child] as number)) child++;
      if ((this.times[child] as number) >= time) break;
      this.move(child, at);
      at = child;
    }
    this.move(last, at);
    return true;
  }

  private move(from: number, to: number): void {
    const { times, values } = this;
    times[to] = times[from] as number;
    values[3 * to] = values[3 * from] as number;
    values[3 * to + 1] = values[3 * from + 1] as number;
    values[3 * to + 2] = values[3 * from + 2] as number;
  }

  private put(at: number, time: number, kind: number, from: number, to: number): void {
    this.times[at] = time;
    this.values[3 * at] = kind;
    this.values[3 * at + 1] = from;
    this.values[3 * at + 2] = to;
  }

  private grow(): void {
    const times = new Float64Array(2 * this.times.length);
    times.set(this.times);
    this.times = times;
    const values = new Int32Array(2 * this.values.length);
    values.set(this.values);
    this.values = values;
  }
}
