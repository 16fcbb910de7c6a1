// What the desk tells while it works, as lines, bars and countdowns on stderr.

import type { ConsentPurpose, DeskEvent, Task, Work } from "../desk/events";
import { clearLine, drawLine, note } from "./output";
import { formatBytes, Progress } from "./progress";
import { canRedraw } from "./terminal";

const TASKS: Record<Task, { readonly label: string; readonly inBytes: boolean }> = {
  fetch: { label: "Fetching from", inBytes: true },
  import: { label: "Importing", inBytes: true },
  export: { label: "Reading seeds", inBytes: false },
  results: { label: "Reading results", inBytes: false },
  verify: { label: "Reading shards", inBytes: false },
  deploy: { label: "Writing the program", inBytes: true },
};

const REQUESTS: Record<ConsentPurpose, string> = {
  export: "Press the button on the keyfob to agree; hold it to refuse.",
  results: "Press the button on the keyfob to see its results; hold it to refuse.",
  settings: "Press the button on the keyfob to let this computer change it; hold it to refuse.",
  erase: "Press the button on the keyfob to erase it; hold it to refuse.",
};

/** Tells people at a terminal what the desk does. */
export class Narrator {
  private readonly bars = new Map<Task, Progress>();
  private wanted: ConsentPurpose | undefined;
  private isDrawn = false;

  /** What a use case of the desk gets. */
  work(signal: AbortSignal): Work {
    return { signal, tell: (event) => this.tell(event), now: Date.now };
  }

  private tell(event: DeskEvent): void {
    if (event.kind === "progress") this.barOf(event.task, event.server).update(event.done, event.of);
    else if (event.kind === "over") this.finish(event.task);
    else if (event.kind === "consentWanted") this.ask(event.consent, event.secondsLeft);
    else if (event.kind === "consentOver") this.endCountdown();
    else {
      const text = sentence(event);
      if (text !== undefined) note(text);
    }
  }

  private barOf(task: Task, server: string | undefined): Progress {
    const { label, inBytes } = TASKS[task];
    const bar =
      this.bars.get(task) ??
      new Progress(server === undefined ? label : `${label} ${server}`, inBytes ? { format: formatBytes } : {});
    this.bars.set(task, bar);
    return bar;
  }

  private finish(task: Task): void {
    this.bars.get(task)?.finish();
    this.bars.delete(task);
  }

  private ask(consent: ConsentPurpose, secondsLeft: number): void {
    const request = REQUESTS[consent];
    if (canRedraw()) {
      this.isDrawn = true;
      drawLine(`${request}${secondsLeft > 0 ? ` (${secondsLeft} s left)` : ""}`);
    } else if (this.wanted !== consent) note(request);
    this.wanted = consent;
  }

  private endCountdown(): void {
    if (this.isDrawn) clearLine();
    this.isDrawn = false;
    this.wanted = undefined;
  }
}

/** What an event is in words; undefined for one that the command says by itself at its end. */
function sentence(event: DeskEvent): string | undefined {
  switch (event.kind) {
    case "keyfobBusy":
      return "The keyfob is still busy with an earlier question or import; waiting for it (up to a minute) ...";
    case "erasing":
      return "The keyfob erases itself; leave it plugged in for some seconds ...";
    case "unplugged":
      return "The keyfob was unplugged or restarted. Plug it in again: the work goes on where it stopped (waiting up to 2 minutes).";
    case "pluggedIn":
      return "The keyfob is back; going on.";
    case "watching":
      return `Watching the device for ${event.ms / 1000} seconds...`;
    case "firstKey":
      return `First time from ${event.region}: its key is ${event.publicKey}. Compare it with what its health service says; from now on only it, and keys that it hands over to, are believed.`;
    case "noLongerOffered":
      return `Shards ${event.first} to ${event.last} of ${event.region} are no longer offered: fetch more often than every few weeks.`;
    case "passedOver": {
      const { region, first, last } = event;
      return `${first === last ? `Shard ${first}` : `Shards ${first} to ${last}`} of ${region} ${first === last ? "is" : "are"} not among these files, and the keyfob cannot search such later: next time, fetch all and import the folder.`;
    }
    case "serverFailed":
      return `chirpfob: ${event.why}`;
    case "sendingAgain":
      return `${event.why}. Trying again in ${Math.ceil(event.afterMs / 1000)} s; it counts once, however often it is sent.`;
    default:
      return undefined;
  }
}
