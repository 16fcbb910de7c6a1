// What the commands beside a running service can ask for. One list of requests, carried out in the process that has the
// database open: the command's own, or the service behind the local socket.

import { z } from "zod";
import { FormatError } from "../../protocol/base/formatError";
import { decodePermissionNumber } from "../../protocol/report/permissionNumber";
import { askService } from "../daemon/adminSocket";
import { checked } from "../daemon/checked";
import { ServiceError } from "../daemon/errors";
import type { Core } from "./core";
import type { PullReport } from "./federation/consumer";
import type { KeySummary } from "./feeds/keyRing";
import type { PublishedChunk } from "./feeds/publisher";
import type { PermissionStats } from "./intake/permissions";

const REQUEST = z.discriminatedUnion("do", [
  z.strictObject({
    do: z.literal("issue"),
    provider: z.string(),
    count: z.number(),
    expiresDays: z.number().optional(),
  }),
  z.strictObject({ do: z.literal("revoke"), numbers: z.array(z.string()) }),
  z.strictObject({ do: z.literal("revoke-provider"), provider: z.string() }),
  ...(["permission-stats", "keys-generate", "keys-rotate", "keys-show", "publish", "federate", "stats"] as const).map(
    (name) => z.strictObject({ do: z.literal(name) }),
  ),
]);

export type AdminRequest =
  | { readonly do: "issue"; readonly provider: string; readonly count: number; readonly expiresDays?: number }
  | { readonly do: "revoke"; readonly numbers: readonly string[] }
  | { readonly do: "revoke-provider"; readonly provider: string }
  | { readonly do: "permission-stats" }
  | { readonly do: "keys-generate" }
  | { readonly do: "keys-rotate" }
  | { readonly do: "keys-show" }
  | { readonly do: "publish" }
  | { readonly do: "federate" }
  | { readonly do: "stats" };

/** One feed in the overall figures. */
export interface FeedStats {
  readonly feed: string;
  readonly chunks: number;
  readonly seeds: number;
  readonly bytes: number;
}

export interface ServiceStats {
  readonly region: string;
  /** Uploads, seeds under embargo, and remote shards that wait for a publication. */
  readonly waiting: { readonly uploads: number; readonly embargoedSeeds: number; readonly remoteChunks: number };
  readonly feeds: readonly FeedStats[];
  readonly permissions: readonly PermissionStats[];
}

/** What each request is answered with. */
export interface AdminAnswers {
  issue: { readonly provider: string; readonly numbers: readonly string[] };
  revoke: { readonly revoked: number; readonly unknown: number };
  "revoke-provider": { readonly revoked: number };
  "permission-stats": readonly PermissionStats[];
  "keys-generate": KeySummary;
  "keys-rotate": KeySummary;
  "keys-show": KeySummary;
  publish: { readonly published: readonly PublishedChunk[] };
  federate: { readonly pulled: readonly PullReport[] };
  stats: ServiceStats;
}

/** The answer to a request of type R. */
export type AdminAnswer<R extends AdminRequest> = AdminAnswers[R["do"]];

/** Carries out what came over the local socket. @throws ServiceError for what is no request, or what the operator can mend */
export function administerUnchecked(core: Core, request: unknown): Promise<unknown> {
  return carryOut(core, checked(REQUEST, request, "the request") as AdminRequest);
}

/** Asks the service that runs on a data directory; undefined if none does. @throws ServiceError with its refusal */
export async function askExposureService<R extends AdminRequest>(
  socketPath: string,
  request: R,
): Promise<AdminAnswer<R> | undefined> {
  // A service answers its own commands: both are of one version.
  return (await askService(socketPath, request))?.answer as AdminAnswer<R> | undefined;
}

/** Carries out one request. @throws ServiceError for what the operator can mend */
export async function administer<R extends AdminRequest>(core: Core, request: R): Promise<AdminAnswer<R>> {
  return (await carryOut(core, request)) as AdminAnswer<R>;
}

async function carryOut(core: Core, request: AdminRequest): Promise<unknown> {
  const { permissions, keys, publisher } = core;
  switch (request.do) {
    case "issue":
      return {
        provider: request.provider,
        numbers: await permissions.issue(request.provider, request.count, request.expiresDays),
      } satisfies AdminAnswers["issue"];
    case "revoke":
      return revoke(core, request.numbers);
    case "revoke-provider":
      return { revoked: await permissions.revokeProvider(request.provider) } satisfies AdminAnswers["revoke-provider"];
    case "permission-stats":
      return permissions.stats();
    case "keys-generate":
      return keys.generate();
    case "keys-rotate": {
      const summary = await keys.rotate();
      await publisher.refreshIndexes();
      return summary;
    }
    case "keys-show":
      return keys.show();
    case "publish":
      // Whoever asks for it by hand has looked at the clock.
      await core.time.expectRight(true);
      return publish(core);
    case "federate":
      if (core.federation === undefined)
        throw new ServiceError("no federation file is set: give --federation FILE here, or to serve if it is running");
      await core.time.expectRight(true);
      return { pulled: await core.consumer.pull(false) } satisfies AdminAnswers["federate"];
    case "stats":
      return stats(core);
  }
}

/** Builds what is due now, and clears up after it. @throws ServiceError while the clock cannot be trusted */
export async function publish(core: Core): Promise<AdminAnswers["publish"]> {
  await core.time.expectRight();
  await core.keys.prepare();
  const published = await core.publisher.publishDue();
  core.metrics.add("chirpfob_chunks_published_total", published.length);
  for (const { feed, number, seeds, bytes } of published)
    core.log("info", "published", { feed, chunk: number, seeds, bytes });
  await core.sweep();
  return { published };
}

async function revoke(core: Core, texts: readonly string[]): Promise<AdminAnswers["revoke"]> {
  const numbers = texts.map((text) => {
    try {
      return decodePermissionNumber(text);
    } catch (error) {
      if (error instanceof FormatError) throw new ServiceError(`${text} is no permission number: ${error.problem}`);
      throw error;
    }
  });
  let revoked = 0;
  for (const number of numbers) if (await core.permissions.revoke(number)) revoked++;
  return { revoked, unknown: numbers.length - revoked };
}

async function stats(core: Core): Promise<ServiceStats> {
  const { database, permissions, config } = core;
  const count = async (table: string) => {
    const [row] = await database.query<{ count: number }>(`select count(*) as count from ${table}`);
    return Number(row?.count ?? 0);
  };
  return {
    region: config.region,
    waiting: {
      uploads: await count("intake"),
      embargoedSeeds: await count("embargoed"),
      remoteChunks: await count("remote_intake"),
    },
    feeds: await database.query<FeedStats>(
      `select f.name as feed, count(c.number) as chunks, coalesce(sum(c.seeds), 0)::bigint as seeds,
         coalesce(sum(c.bytes), 0)::bigint as bytes
       from feed f left join chunk c on c.feed = f.name group by f.name order by f.name`,
    ),
    permissions: await permissions.stats(),
  };
}
