import { describe, expect, it } from "vitest";
import { CxError } from "../der";
import type { PublisherDescriptor } from "../descriptor";
import type { PublisherVersion } from "../publisher/publisher";
import { subscriptionSet, topologySet, upstreamSet } from "../topology";
import { judgePublication } from "../verdict";
import { CERTIFICATE, Observer, PublisherRig, START, seedNames } from "./publisherRig";

const url = (name: string) => `https://${name}.example/cx/publisher.json`;

/** Root; nations a, b, c; a1 and a2 are states of a; b and p are peers, and p stands for itself, as does q. */
const WORLD: Record<string, { upstream?: string; peers?: string[] }> = {
  root: {},
  a: { upstream: "root" },
  b: { upstream: "root", peers: ["p"] },
  c: { upstream: "root" },
  a1: { upstream: "a" },
  a2: { upstream: "a" },
  p: { peers: ["b"] },
  q: {},
};
const NAMES = Object.keys(WORLD);

function upstreamOf(name: string): string[] {
  const next = WORLD[name]?.upstream;
  return next === undefined ? [] : [next, ...upstreamOf(next)];
}

function downstreamOf(name: string): string[] {
  return NAMES.filter((other) => WORLD[other]?.upstream === name);
}

/** Everything reached downwards, by the definition's words. */
function below(name: string): string[] {
  return [name, ...downstreamOf(name).flatMap(below)];
}

function rigs(): Map<string, PublisherRig> {
  return new Map(
    NAMES.map((name) => [
      name,
      new PublisherRig(
        {
          url: url(name),
          upstream: upstreamOf(name).map(url),
          downstream: downstreamOf(name).map(url),
          peers: (WORLD[name]?.peers ?? []).map(url),
        },
        undefined,
        name,
      ),
    ]),
  );
}

const describeFrom = (world: Map<string, PublisherRig>) => {
  const descriptors = new Map([...world].map(([name, rig]) => [url(name), rig.publisher.descriptor()]));
  return async (at: string) => descriptors.get(at);
};

describe("a world of eight publishers", () => {
  it("has the upstream, topology and subscription sets of the definitions", async () => {
    const describePublisher = describeFrom(rigs());
    for (const name of NAMES) {
      const upstream = [name, ...upstreamOf(name)];
      const topology = [...new Set(upstream.flatMap(below))].sort();
      expect(await upstreamSet(url(name), describePublisher), name).toEqual(upstream.map(url));
      expect(await topologySet(url(name), describePublisher), name).toEqual(topology.map(url).sort());
      const expected = topology.flatMap((member) =>
        [member, ...upstreamOf(member), ...(WORLD[member]?.peers ?? [])]
          .filter((zone) => upstream.includes(zone))
          .map((zone) => `${member} for ${zone}`),
      );
      const found = (await subscriptionSet(url(name), describePublisher)).map(
        ({ publisher, zone }) =>
          `${new URL(publisher).hostname.split(".")[0]} for ${new URL(zone).hostname.split(".")[0]}`,
      );
      expect(found.sort(), name).toEqual(expected.sort());
    }
  });

  it("shows a seed marked own and root in all nations, one marked own in it and its states, one marked peer at the peer", async () => {
    const world = rigs();
    const rigOf = (name: string) => world.get(name) as PublisherRig;
    const seeds = {
      own: rigOf("a").seeds(1, true),
      worldwide: rigOf("a").seeds(1, true),
      peer: rigOf("b").seeds(1, true),
    };
    const report = async (name: string, zones: string[], which: keyof typeof seeds) => {
      const code = await rigOf(name).publisher.issueCode("Clinic", 5, zones.map(url));
      expect(await rigOf(name).report(code, seeds[which])).toBe("accepted");
    };
    await report("a", ["a"], "own");
    await report("a", ["a", "root"], "worldwide");
    await report("b", ["p"], "peer");
    const describePublisher = describeFrom(world);
    const exchange = async () => {
      const versions = new Map<string, PublisherVersion>();
      for (const [name, rig] of world) versions.set(url(name), await rig.publishNext());
      for (const [name, rig] of world)
        for (const { publisher, zone, url: at } of await subscriptionSet(
          url(name),
          describePublisher,
          (WORLD[name]?.peers ?? []).map(url),
        )) {
          if (publisher === url(name)) continue;
          const path = at.slice(new URL(".", publisher).href.length);
          const file = versions.get(publisher)?.files.find((candidate) => candidate.path === path);
          const judged = judgePublication(file?.content ?? Buffer.alloc(0), {
            as: "publisher",
            certificate: CERTIFICATE,
            zone,
            recorded: await rig.publisher.recorded(at),
            now: rig.seconds,
          });
          await rig.publisher.takeRemote(at, judged.publication);
        }
      return versions;
    };
    await exchange();
    const versions = await exchange();
    const seenBy = (which: keyof typeof seeds) =>
      NAMES.filter((name) => {
        const observer = new Observer(url(name));
        observer.read(versions.get(url(name)) as PublisherVersion);
        return observer.levels.has(seedNames(seeds[which])[0] as string);
      });
    expect(seenBy("own")).toEqual(["a", "a1", "a2"]);
    expect(seenBy("worldwide")).toEqual(["root", "a", "b", "c", "a1", "a2"]);
    expect(seenBy("peer")).toEqual(["p"]);
    // What is for publishers holds one's own reports only, so nothing goes from A to B and back to A.
    for (const [name, version] of [...versions].map(([at, v]) => [at, v] as const))
      for (const { path, content } of version.files.filter(
        ({ path }) => path.startsWith("zone/") && path.endsWith("/full"),
      )) {
        const { publication } = judgePublication(content, {
          as: "publisher",
          certificate: CERTIFICATE,
          zone: undefined,
          recorded: undefined,
          now: START + 7200,
        });
        if (publication.seeds.length > 0) expect([url("a"), url("b")], path).toContain(name);
      }
  });

  it("takes up a level change and an expiry of others at the next version", async () => {
    const [a, b] = [
      new PublisherRig({ url: url("a"), peers: [url("b")] }, undefined, "a"),
      new PublisherRig({ url: url("b") }, undefined, "b"),
    ];
    const seeds = a.seeds(1, true);
    const code = await a.publisher.issueCode("Clinic", 4, [url("b")]);
    await a.report(code, seeds);
    const observer = new Observer(url("b"));
    const folder = a.publisher.descriptor().pubs.find(({ zone }) => zone === url("b"))?.url ?? "";
    const levelAfterExchange = async () => {
      const version = await a.publishNext();
      const content = version.files.find(({ path }) => folder.endsWith(`/${path}`))?.content ?? Buffer.alloc(0);
      const recorded = await b.publisher.recorded(folder);
      const situation = {
        as: "publisher",
        certificate: CERTIFICATE,
        zone: url("b"),
        recorded,
        now: a.seconds,
      } as const;
      await b.publisher.takeRemote(folder, judgePublication(content, situation).publication);
      b.seconds = a.seconds - 3600;
      observer.read(await b.publishNext());
      return observer.levels.get(seedNames(seeds)[0] as string);
    };
    expect(await levelAfterExchange()).toBe("symptomatic");
    await a.publisher.setCode(code, 0);
    expect(await levelAfterExchange()).toBe("no-alert");
    a.seconds += 22 * 86_400;
    await levelAfterExchange();
    expect([undefined, "expired"]).toContain(await levelAfterExchange());
  });
});

describe("hostile topologies", () => {
  const describeWith = (make: (at: string) => Partial<PublisherDescriptor>) => async (at: string) =>
    ({ pubs: [], ...make(at) }) as unknown as PublisherDescriptor;

  it("end where they run in circles", async () => {
    const circle = describeWith((at) => ({
      upstream: at === url("a") ? url("b") : url("a"),
      downstream: [url("a"), url("b")],
    }));
    expect(await upstreamSet(url("a"), circle)).toEqual([url("a"), url("b")]);
    expect(await topologySet(url("a"), circle)).toEqual([url("a"), url("b")]);
  });

  it("are given up where they have no end, upwards or downwards", async () => {
    let n = 0;
    await expect(
      upstreamSet(
        url("a"),
        describeWith(() => ({ upstream: url(`u${n++}`) })),
      ),
    ).rejects.toThrow(CxError);
    const broad = describeWith(() => ({ downstream: Array.from({ length: 40 }, () => url(`d${n++}`)) }));
    await expect(topologySet(url("a"), broad)).rejects.toThrow(/more than 1000/);
  });

  it("do without publishers that cannot be reached", async () => {
    expect(await subscriptionSet(url("a"), async () => undefined)).toEqual([]);
  });
});
