/** A moment of simulated time in microseconds since the scenario began. */
export type Micros = number;

/** A callback that waits for its moment; cancel it with Scheduler.cancel. */
export interface Timer {
  readonly atUs: Micros;
  readonly order: number;
  action: (() => void) | undefined;
}

/** The clock of a simulation: runs callbacks at their moments, and those of one moment in the order in which they were set. */
export class Scheduler {
  nowUs: Micros = 0;
  private heap: Timer[] = [];
  private order = 0;

  /** Calls `action` at a moment; one that has passed means now, after what is already due. */
  at(atUs: Micros, action: () => void): Timer {
    const timer: Timer = { atUs: Math.max(atUs, this.nowUs), order: this.order++, action };
    this.heap.push(timer);
    this.siftUp(this.heap.length - 1);
    return timer;
  }

  after(delayUs: Micros, action: () => void): Timer {
    return this.at(this.nowUs + delayUs, action);
  }

  /** Takes a timer back; one that already ran, or none, does nothing. */
  cancel(timer: Timer | undefined): void {
    if (timer) timer.action = undefined;
  }

  /** The moment of the next timer, or Infinity. */
  get nextUs(): Micros {
    while (this.heap.length > 0 && !this.heap[0]?.action) this.pop();
    return this.heap[0]?.atUs ?? Number.POSITIVE_INFINITY;
  }

  /** Runs all that is due before or at `untilUs`, and leaves the clock there. */
  runUntil(untilUs: Micros): void {
    while (this.nextUs <= untilUs) {
      const timer = this.pop();
      this.nowUs = timer.atUs;
      const { action } = timer;
      timer.action = undefined;
      action?.();
    }
    this.nowUs = Math.max(this.nowUs, untilUs);
  }

  private pop(): Timer {
    const top = this.heap[0] as Timer;
    const last = this.heap.pop() as Timer;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.siftDown();
    }
    return top;
  }

  private siftUp(start: number): void {
    let index = start;
    const timer = this.heap[index] as Timer;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const other = this.heap[parent] as Timer;
      if (!isEarlier(timer, other)) break;
      this.heap[index] = other;
      index = parent;
    }
    this.heap[index] = timer;
  }

  private siftDown(): void {
    const timer = this.heap[0] as Timer;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.heap.length) break;
      const right = this.heap[child + 1];
      if (right && isEarlier(right, this.heap[child] as Timer)) child++;
      const other = this.heap[child] as Timer;
      if (!isEarlier(other, timer)) break;
      this.heap[index] = other;
      index = child;
    }
    this.heap[index] = timer;
  }
}

function isEarlier(a: Timer, b: Timer): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
