import { describe, expect, it } from "vitest";
import { OWN, PublisherRig } from "./publisherRig";

const DIAGNOSED = 5;

describe("low bandwidth", () => {
  it("takes at most 26 kB for 1,000 reports of one long seed each", async () => {
    const rig = new PublisherRig();
    for (let i = 0; i < 1000; i++)
      await rig.report(await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]), rig.seeds(1, true));
    const full = (await rig.publishNext()).files.find(({ path }) => path === "pub/full");
    expect(full?.content.length).toBeGreaterThan(24_000);
    expect(full?.content.length).toBeLessThanOrEqual(26_000);
  }, 300_000);

  it("takes at most 33 kB for an hour of 42 confirmed reports of 21 daily seeds each", async () => {
    const rig = new PublisherRig();
    await rig.publishNext();
    for (let i = 0; i < 42; i++)
      await rig.report(await rig.publisher.issueCode("Clinic", DIAGNOSED, [OWN]), rig.seeds(21));
    const { files, publishedAt } = await rig.publishNext();
    const delta = files.find(
      ({ path }) => path === `pub/${new Date(publishedAt * 1000).toISOString().replace(/[-T]/g, "").slice(0, 10)}`,
    );
    expect(delta?.content.length).toBeGreaterThan(42 * 21 * 24);
    expect(delta?.content.length).toBeLessThanOrEqual(33_000);
  }, 300_000);
});
