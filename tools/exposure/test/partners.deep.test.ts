// Other regions' services that do as they please.

import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";
import { beforeAll, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import type { Database } from "../../daemon/database/database";
import { openEmbedded } from "../../daemon/database/embedded";
import { TestAuthority } from "../../daemon/test/certificates";
import { type FeedChunk, INDEX_SIGNATURE_CONTEXT, indexDigest } from "../../feed/feedIndex";
import { FederationConsumer } from "../federation/consumer";
import { createCounters } from "../storage/counters";
import { migrate } from "../storage/migrations";
import { cleanUpLater, START, temporaryFolder } from "./fixtures";

const [US, SLOW, GOOD] = ["AA", "SS", "GG"] as const;
const HOUR = 3600;

describe.runIf(hasTool("openssl"))("A partner region", () => {
  const pair = slh_dsa_sha2_128s.keygen();
  const publicKey = Buffer.from(pair.publicKey).toString("hex");
  const logged: unknown[] = [];
  let authority: TestAuthority;
  let database: Database;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeAll(async () => {
    authority = new TestAuthority(await temporaryFolder());
    database = await openEmbedded();
    cleanUpLater(() => database.close());
    await migrate(database);
  });

  const indexOf = (region: string, chunks: FeedChunk[]): string => {
    const index = { region, feed: US, publicKey, keys: [{ publicKey }], chunks };
    const context = new Uint8Array(Buffer.from(INDEX_SIGNATURE_CONTEXT));
    const signature = slh_dsa_sha2_128s.sign(new Uint8Array(indexDigest(index)), pair.secretKey, { context });
    return JSON.stringify({ ...index, signature: Buffer.from(signature).toString("hex") });
  };
  const serve = async (name: string, handler: (request: IncomingMessage, response: ServerResponse) => void) => {
    const { certificate, key } = authority.issue(name);
    const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, handler);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanUpLater(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const consumerOf = async (urls: Record<string, string>): Promise<FederationConsumer> => {
    const own = authority.issue(US);
    const producers = await Promise.all(
      Object.entries(urls).map(async ([regionID, remoteRegionURL]) => ({
        regionID,
        remoteRegionURL,
        replicationType: "partial" as const,
        format: "pact-v1" as const,
        verificationKeys: [Buffer.from(pair.publicKey)],
        tlsConsumerCertificate: await readFile(own.certificate),
        tlsConsumerKey: await readFile(own.key),
      })),
    );
    return new FederationConsumer(
      US,
      await readFile(authority.certificate),
      producers,
      database,
      () => START,
      (_level, event, fields) => logged.push([event, fields?.from ?? fields?.newest]),
      createCounters(),
    );
  };

  it("that trickles its answer holds up no other, nor the end of the service; nobody is asked later than within six hours", async () => {
    const slow = await serve(SLOW, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(timer));
    });
    const index = indexOf(GOOD, []);
    const good = await serve(GOOD, (request, response) => answer(request, response));
    answer = (_request, response) => {
      response.setHeader("cache-control", "max-age=999999999");
      response.end(index);
    };
    const consumer = await consumerOf({ [SLOW]: slow, [GOOD]: good });
    const pulling = consumer.pull(false);
    const next = async () => (await consumer.state(GOOD)).recommendedNextPollTime;
    await expect.poll(next, { timeout: 10_000 }).toBe(START + 6 * HOUR);
    // What a schedule asks for meanwhile does not pile up.
    expect(await consumer.pull(true)).toEqual([]);
    consumer.stop();
    expect((await pulling).map(({ regionID, error }) => [regionID, error !== undefined])).toEqual([
      [SLOW, true],
      [GOOD, false],
    ]);
  });

  it("that goes back, or leaves shards out, is noticed", async () => {
    const chunk = (number: number): FeedChunk => ({
      number,
      bytes: 99_000_000,
      sha256: "00".repeat(32),
      seeds: 0,
      published: 0,
    });
    await database.query("update producer set last_batch_id = 5 where region = $1", [GOOD]);
    let index = indexOf(GOOD, [chunk(1), chunk(2)]);
    const good = await serve(GOOD, (_request, response) => response.end(index));
    const consumer = await consumerOf({ [GOOD]: good });
    await consumer.pull(false);
    expect(logged).toContainEqual(["producer-went-back", 2]);
    index = indexOf(GOOD, [chunk(8), chunk(9)]);
    const [report] = await consumer.pull(false);
    expect(logged).toContainEqual(["producer-gap", 6]);
    expect(report?.error).toMatch(/too large/);
  });
});
