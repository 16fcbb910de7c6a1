import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readDescriptor } from "../descriptor";
import { MemoryStore } from "../publisher/memoryStore";
import { calculateSeed } from "../seedReport";
import { judgePublication } from "../verdict";
import { CERTIFICATE, Observer, OWN, PublisherRig, START, seedNames } from "./publisherRig";

const SYMPTOMATIC = 4;
const DIAGNOSED = 5;
const NO_ALERT = 0;

describe("confirmation codes", () => {
  it("let a report in, however the publisher's name and the code are spelled", async () => {
    const rig = new PublisherRig();
    const code = await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]);
    const spelled = code.toLowerCase().replaceAll("-", " ");
    expect(await rig.report(spelled, rig.seeds(3), "MINISTRY OF HEALTH - nation")).toBe("accepted");
  });

  it("are refused alike whether unknown, too old, no code at all, of another publisher or used by somebody else", async () => {
    const rig = new PublisherRig();
    const code = await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]);
    expect(await rig.report(code, rig.seeds(1), "Ministry of Health, Elsewhere")).toBe("refused");
    expect(await rig.report("1234 5678", rig.seeds(1))).toBe("refused");
    expect(
      await rig.report(await new PublisherRig({}, undefined, "other").publisher.issueCode("C", 5, [OWN]), rig.seeds(1)),
    ).toBe("refused");
    expect(await rig.report(code, rig.seeds(1))).toBe("accepted");
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const thief = rig
      .seeds(1)
      .map((seed) => ({ ...seed, privateKey, publicKey: publicKey.export({ format: "der", type: "spki" }) }));
    expect(await rig.report(code, thief)).toBe("refused");
    expect(await rig.report(code, [...thief, ...rig.seeds(1)])).toBe("accepted");
    rig.seconds += 15 * 86_400;
    expect(await rig.report(code, rig.seeds(1))).toBe("refused");
  });

  it("are issued for zones that the publisher serves only", async () => {
    const rig = new PublisherRig({ upstream: ["https://root.example/p.json"], peers: ["https://peer.example/p.json"] });
    const served = [OWN, "https://root.example/p.json", "https://peer.example/p.json"];
    await expect(rig.publisher.issueCode("Clinic", DIAGNOSED, served)).resolves.toMatch(/^[0-9A-Z-]{32}/);
    await expect(rig.publisher.issueCode("Clinic", DIAGNOSED, ["https://far.example/"])).rejects.toThrow(RangeError);
    await expect(rig.publisher.issueCode("Clinic", DIAGNOSED, [])).rejects.toThrow(RangeError);
    expect(await rig.publisher.setCode("1234", NO_ALERT)).toBe(false);
  });
});

describe("revocable diagnoses", () => {
  it("go from symptoms to a negative test, and no replay of a file or report brings the alert back", async () => {
    const rig = new PublisherRig();
    const ada = rig.seeds(21);
    const code = await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]);
    await rig.report(code, ada);
    const ben = new Observer();
    const before = await rig.publishNext();
    ben.read(before);
    const levels = () => new Set(seedNames(ada).map((name) => ben.levels.get(name)));
    expect(levels()).toEqual(new Set(["symptomatic"]));

    expect(await rig.publisher.setCode(code, NO_ALERT)).toBe(true);
    const after = await rig.publishNext();
    expect(after.held).toBe(0);
    ben.read(after);
    expect(levels()).toEqual(new Set(["no-alert"]));

    for (const { content } of before.files) {
      const replayed = () =>
        judgePublication(content, {
          as: "observer",
          certificate: CERTIFICATE,
          zone: OWN,
          recorded: ben.recorded,
          now: rig.seconds,
        });
      expect(replayed).toThrow();
    }
    expect(await rig.report(code, ada)).toBe("accepted");
    ben.read(await rig.publishNext());
    expect(levels()).toEqual(new Set(["no-alert"]));
  });

  it("rise to a confirmed one with a code that was issued later, and an older code does not take it back", async () => {
    const rig = new PublisherRig();
    const ada = rig.seeds(21);
    const first = await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]);
    const second = await rig.publisher.issueCode("Laboratory", DIAGNOSED, [OWN]);
    const ben = new Observer();
    const level = async () => {
      ben.read(await rig.publishNext());
      return ben.levels.get(seedNames(ada)[5] as string);
    };
    await rig.report(first, ada);
    expect(await level()).toBe("symptomatic");
    await rig.report(second, ada);
    expect(await level()).toBe("diagnosed");
    await rig.report(first, ada);
    expect(await level()).toBe("diagnosed");
    await rig.publisher.setCode(first, NO_ALERT);
    expect(await level()).toBe("diagnosed");
    await rig.publisher.setCode(second, NO_ALERT);
    expect(await level()).toBe("no-alert");
  });

  it("are not shown at all if they were withdrawn before their first version", async () => {
    const rig = new PublisherRig();
    const code = await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]);
    await rig.report(code, rig.seeds(5));
    await rig.publisher.setCode(code, NO_ALERT);
    const ben = new Observer();
    ben.read(await rig.publishNext());
    expect(ben.levels.size).toBe(0);
  });
});

describe("publications", () => {
  it("give readers who come hourly, daily and weekly the files of the worked policy, and all the same seeds", async () => {
    const rig = new PublisherRig();
    const readers = { hourly: new Observer(), daily: new Observer(), weekly: new Observer() };
    const next = async () => {
      await rig.report(await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]), rig.seeds(1, true));
      return rig.publishNext();
    };
    for (let hour = 0; hour <= 24; hour++) {
      const version = await next();
      readers.hourly.read(version);
      if (hour % 24 === 0) readers.daily.read(version);
      if (hour === 0) readers.weekly.read(version);
    }
    expect(readers.daily.levels).toEqual(readers.hourly.levels);
    rig.seconds += 6 * 86_400;
    readers.weekly.read(await next());
    expect(readers.weekly.levels.size).toBe(26);
    const kinds = (reader: Observer) => new Set(reader.taken.slice(1).map(({ path }) => path.endsWith("full")));
    expect(kinds(readers.hourly)).toEqual(new Set([false]));
    // Who comes a day later finds the delta of that hour gone, and the day's one too young.
    expect(kinds(readers.daily)).toEqual(new Set([true]));
    expect(kinds(readers.weekly)).toEqual(new Set([true]));
  });

  it("never go back in time, though the clock does and two instances share a store", async () => {
    const store = new MemoryStore();
    const one = new PublisherRig({}, store);
    const two = new PublisherRig({}, store, "two");
    two.seconds = one.seconds - 1000;
    const times = (
      await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).publisher.publish()))
    ).map(({ publishedAt }) => publishedAt);
    expect(new Set(times).size).toBe(10);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("drop seeds from the full file 21 days after their code, say so in deltas, and after 30 days nothing is left", async () => {
    const store = new MemoryStore();
    const rig = new PublisherRig({}, store);
    await rig.report(await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]), rig.seeds(2));
    const ben = new Observer();
    ben.read(await rig.publishNext());
    expect(ben.levels.size).toBe(24);
    rig.seconds = START + 22 * 86_400 - 7200;
    ben.read(await rig.publishNext());
    ben.read(await rig.publishNext());
    expect(new Set(ben.levels.values())).toEqual(new Set(["expired"]));
    const other = new Observer();
    other.read(await rig.publishNext());
    expect(other.levels.size).toBe(0);
    rig.seconds = START + 31 * 86_400;
    await rig.publisher.sweep();
    const left = await store.transaction(async (session) => [...(await session.codes()), ...(await session.seeds())]);
    expect(left).toEqual([]);
  });

  it("are described by a descriptor that readers take, with a publication for each zone that is served", () => {
    const rig = new PublisherRig({
      upstream: ["https://root.example/p.json"],
      downstream: ["https://state.example/p.json"],
      peers: ["https://peer.example/p.json"],
    });
    const descriptor = readDescriptor(Buffer.from(JSON.stringify(rig.publisher.descriptor())), OWN);
    expect(descriptor.pubs.map(({ zone }) => zone)).toEqual([
      OWN,
      "https://root.example/p.json",
      "https://peer.example/p.json",
    ]);
    expect(descriptor).toMatchObject({
      upstream: "https://root.example/p.json",
      downstream: ["https://state.example/p.json"],
    });
    expect(descriptor.pub).toBe("https://nation.example/cx/pub/full");
  });

  it("hold no seed of a person twice, and none that nobody can calculate", async () => {
    const rig = new PublisherRig();
    const [seed] = rig.seeds(1);
    if (seed === undefined) throw new Error("there is one");
    await rig.report(await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]), [seed, seed]);
    const ben = new Observer();
    ben.read(await rig.publishNext());
    expect([...ben.levels.keys()]).toEqual([`1:${calculateSeed(1, seed.preseed, seed.publicKey).toString("hex")}`]);
  });
});
