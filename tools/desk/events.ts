// What whoever carries out a use case wants to show meanwhile. A face (terminal, page) turns events into what people see.

/** What takes a while. */
export type Task = "fetch" | "import" | "export" | "results" | "verify" | "deploy";

/** What the wearer is asked for. */
export type ConsentPurpose = "export" | "results" | "erase" | "settings";

export type DeskEvent =
  /** How far something is: bytes of a fetch, an import and a deployment, blocks of the others. `server`: of a fetch. */
  | {
      readonly kind: "progress";
      readonly task: Task;
      readonly done: number;
      readonly of: number;
      readonly server?: string;
    }
  /** It is over, however it ended. */
  | { readonly kind: "over"; readonly task: Task }
  /** The keyfob waits for its button; told about once a second. 0 seconds: nobody knows how long. */
  | { readonly kind: "consentWanted"; readonly consent: ConsentPurpose; readonly secondsLeft: number }
  /** The question is answered, or no longer asked. */
  | { readonly kind: "consentOver"; readonly consent: ConsentPurpose }
  /** Another question or import must end first. */
  | { readonly kind: "keyfobBusy" }
  /** The wearer has agreed, and the keyfob erases itself: some seconds. */
  | { readonly kind: "erasing" }
  /** The line to the keyfob broke; it is waited for. */
  | { readonly kind: "unplugged" }
  | { readonly kind: "pluggedIn" }
  /** The device is watched for so long. */
  | { readonly kind: "watching"; readonly ms: number }
  /** A region's key was seen for the first time, and is held on to from now on. Hexadecimal. */
  | { readonly kind: "firstKey"; readonly region: string; readonly publicKey: string }
  /** Shards of a region that its service no longer offers, and that were not fetched while it did. */
  | { readonly kind: "noLongerOffered"; readonly region: string; readonly first: number; readonly last: number }
  /** Shards that a keyfob can never search, because later ones are imported now. */
  | { readonly kind: "passedOver"; readonly region: string; readonly first: number; readonly last: number }
  /** One of several servers failed; the others are asked all the same. */
  | { readonly kind: "serverFailed"; readonly server: string; readonly why: string }
  /** An answer was lost or put off; the same is sent again. */
  | { readonly kind: "sendingAgain"; readonly why: string; readonly afterMs: number };

/** What every use case gets from its face. */
export interface Work {
  /** Ends the work, leaving keyfob and files in order. */
  readonly signal: AbortSignal;
  readonly tell: (event: DeskEvent) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}
