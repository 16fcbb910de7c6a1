import { describe, expect, it } from "vitest";
import { readPublication } from "../publication";
import type { PublisherVersion } from "../publisher/publisher";
import { openPublication } from "../signedPublication";
import { CERTIFICATE, OWN, PublisherRig, seedNames } from "./publisherRig";

const SYMPTOMATIC = 4;
const DIAGNOSED = 5;
const NO_ALERT = 0;
const EXPIRED = 2;
const CROWD = 12;

/** What somebody who keeps every publication can say of a seed: its day, and how it was shown in version after version. */
class Watcher {
  readonly histories = new Map<string, string>();
  readonly days = new Map<string, number>();
  #version = 0;

  see({ files }: PublisherVersion): void {
    this.#version++;
    const file = files.find(({ path }) => path === "pub/full");
    const { seeds } = readPublication(openPublication(file?.content ?? Buffer.alloc(0), CERTIFICATE));
    const levels = new Map(
      seeds.map((seed) => [`${seed.generatorType}:${seed.seed.toString("hex")}`, seed.alertLevel]),
    );
    for (const seed of seeds) this.days.set(`${seed.generatorType}:${seed.seed.toString("hex")}`, seed.use?.day ?? 0);
    for (const name of new Set([...levels.keys(), ...this.histories.keys()])) {
      const before = this.histories.get(name) ?? "";
      const level = levels.get(name) ?? EXPIRED;
      if (!before.endsWith(`=${level};`)) this.histories.set(name, `${before}${this.#version}=${level};`);
    }
  }

  /** For each day and history the number of seeds that share them: the fewest is how well somebody hides. */
  smallestCrowd(): number {
    const crowds = new Map<string, number>();
    for (const [name, history] of this.histories) {
      const likes = `${this.days.get(name)} ${history}`;
      crowds.set(likes, (crowds.get(likes) ?? 0) + 1);
    }
    return Math.min(...crowds.values());
  }
}

describe("decoys", () => {
  it("hide which seeds belong together, better than one in twelve, through every change of level", async () => {
    const rig = new PublisherRig();
    const watcher = new Watcher();
    const publish = async () => watcher.see(await rig.publishNext());
    const issue = (level: number) => rig.publisher.issueCode("Clinic", level, [OWN]);
    const [ada, ben, eve] = [rig.seeds(5), rig.seeds(3), rig.seeds(4)];
    const [first, second, third] = [await issue(SYMPTOMATIC), await issue(SYMPTOMATIC), await issue(DIAGNOSED)];
    await rig.report(first, ada);
    await rig.report(second, ben);
    await rig.report(third, eve);
    await publish();
    expect(watcher.smallestCrowd()).toBeGreaterThanOrEqual(CROWD);
    await rig.publisher.setCode(first, NO_ALERT);
    await publish();
    expect(watcher.smallestCrowd()).toBeGreaterThanOrEqual(CROWD);
    await rig.report(await issue(DIAGNOSED), ben);
    await publish();
    expect(watcher.smallestCrowd()).toBeGreaterThanOrEqual(CROWD);
    await rig.publisher.setCode(third, NO_ALERT);
    await publish();
    expect(watcher.smallestCrowd()).toBeGreaterThanOrEqual(CROWD);
    rig.seconds += 22 * 86_400;
    await publish();
    await publish();
    expect(new Set([...watcher.histories.values()].map((history) => history.slice(-3)))).toEqual(new Set(["=2;"]));
    expect(watcher.smallestCrowd()).toBeGreaterThanOrEqual(CROWD);
    for (const name of seedNames([...ada, ...ben, ...eve])) expect(watcher.histories.has(name)).toBe(true);
  });

  it("keep a change waiting that nobody could hide, and let it through with twelve others", async () => {
    const rig = new PublisherRig();
    const watcher = new Watcher();
    const reports = await Promise.all(
      Array.from({ length: 24 }, async () => ({
        code: await rig.publisher.issueCode("C", DIAGNOSED, [OWN]),
        seeds: rig.seeds(2),
      })),
    );
    for (const { code, seeds } of reports) await rig.report(code, seeds);
    watcher.see(await rig.publishNext());
    expect(watcher.histories.size).toBe(48);
    for (const [i, { code }] of reports.slice(0, 12).entries()) {
      await rig.publisher.setCode(code, NO_ALERT);
      const version = await rig.publishNext();
      expect(version.held).toBe(i < 11 ? 2 * (i + 1) : 0);
      watcher.see(version);
    }
    expect(watcher.smallestCrowd()).toBe(CROWD);
    expect([...watcher.histories.values()].filter((history) => history.endsWith("=0;"))).toHaveLength(24);
  });

  it("let what waits expire with its company, so that nothing stays behind alone", async () => {
    const rig = new PublisherRig();
    const watcher = new Watcher();
    const codes = await Promise.all(Array.from({ length: 13 }, () => rig.publisher.issueCode("C", DIAGNOSED, [OWN])));
    for (const code of codes) await rig.report(code, rig.seeds(2));
    watcher.see(await rig.publishNext());
    await rig.publisher.setCode(codes[0] as string, SYMPTOMATIC);
    expect((await rig.publishNext()).held).toBe(2);
    rig.seconds += 22 * 86_400;
    watcher.see(await rig.publishNext());
    watcher.see(await rig.publishNext());
    expect(watcher.smallestCrowd()).toBe(13);
  });

  it("are not made for a report of one seed: nothing belongs to it", async () => {
    const rig = new PublisherRig();
    const code = await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]);
    await rig.report(code, rig.seeds(1));
    const watcher = new Watcher();
    watcher.see(await rig.publishNext());
    await rig.publisher.setCode(code, NO_ALERT);
    watcher.see(await rig.publishNext());
    expect([...watcher.histories.values()]).toEqual(["1=4;2=0;"]);
  });

  it("look like genuine seeds: of the same types and days, with the same counts, as random, and in no order", async () => {
    const rig = new PublisherRig();
    const genuine = rig.seeds(21);
    await rig.report(await rig.publisher.issueCode("Clinic", SYMPTOMATIC, [OWN]), genuine);
    const file = (await rig.publishNext()).files.find(({ path }) => path === "pub/full");
    const { seeds } = readPublication(openPublication(file?.content ?? Buffer.alloc(0), CERTIFICATE));
    expect(seeds).toHaveLength(21 * CROWD);
    const counts = new Map<string, number>();
    for (const { use, alertLevel } of seeds) {
      const facts = `${alertLevel} ${use?.day} ${use?.iterations}`;
      counts.set(facts, (counts.get(facts) ?? 0) + 1);
    }
    expect(new Set(counts.values())).toEqual(new Set([CROWD]));
    expect(seeds.map(({ seed }) => seed.toString("hex"))).toEqual(seeds.map(({ seed }) => seed.toString("hex")).sort());
  });
});
