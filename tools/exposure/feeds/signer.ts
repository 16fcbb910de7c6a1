import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

interface Answer {
  readonly id: number;
  readonly signature?: Uint8Array;
  readonly error?: string;
}

interface Job {
  readonly resolve: (signature: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** Makes SLH-DSA-SHA2-128s signatures. Passed in, so that tests of everything else need not wait for them. */
export interface Signer {
  /** @returns 7,856 bytes, different each time @param secretKey 64 bytes */
  sign(message: Buffer, secretKey: Buffer, context: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Signs in worker threads, which are started when first needed. */
export class ThreadedSigner implements Signer {
  private readonly workers: Worker[] = [];
  private readonly jobs = new Map<number, Job>();
  private nextId = 0;
  private isClosed = false;

  /** @param threads how many signatures are computed at a time */
  constructor(private readonly threads = Math.min(2, availableParallelism())) {}

  sign(message: Buffer, secretKey: Buffer, context: string): Promise<Buffer> {
    if (this.isClosed) return Promise.reject(new Error("the service is stopping"));
    const id = this.nextId++;
    const worker = this.workers[id % this.threads] ?? this.startWorker();
    return new Promise((resolve, reject) => {
      this.jobs.set(id, { resolve, reject });
      // Only a signature in the making keeps the process alive.
      worker.ref();
      worker.postMessage({ id, message, secretKey, context: Buffer.from(context, "utf8") });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.workers.splice(0).map((worker) => worker.terminate()));
    this.failAll(new Error("the service is stopping"));
  }

  private startWorker(): Worker {
    const worker = new Worker(new URL("./signWorker.mjs", import.meta.url), { execArgv: [] });
    worker.unref();
    worker.on("message", ({ id, signature, error }: Answer) => {
      const job = this.jobs.get(id);
      this.jobs.delete(id);
      if (this.jobs.size === 0) for (const idle of this.workers) idle.unref();
      if (signature !== undefined) job?.resolve(Buffer.from(signature));
      else job?.reject(new Error(error));
    });
    worker.on("error", (error) => {
      this.workers.splice(this.workers.indexOf(worker), 1);
      this.failAll(error instanceof Error ? error : new Error(String(error)));
    });
    this.workers.push(worker);
    return worker;
  }

  private failAll(error: Error): void {
    for (const job of this.jobs.values()) job.reject(error);
    this.jobs.clear();
  }
}
