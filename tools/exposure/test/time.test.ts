import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { publish } from "../administration";
import { DEFAULT_CONFIG } from "../config";
import { type ExposureService, startExposureService } from "../service";
import { cleanUpLater, dataFolder, noSigner, REGION, START, sendUpload, uploadBytes } from "./fixtures";

const DAY = 86_400;

describe("A service whose machine's clock goes wrong", () => {
  const time = { wall: START, monotonic: 0 };
  const pass = (seconds: number) => {
    time.wall += seconds;
    time.monotonic += seconds;
  };
  const logged: string[] = [];
  let data: string;
  let service: ExposureService;
  const start = async () => {
    service = await startExposureService(
      { ...DEFAULT_CONFIG, region: REGION, port: 0, answerStepMs: 0, data },
      {
        now: () => time.wall,
        monotonic: () => time.monotonic,
        isScheduled: false,
        signer: noSigner,
        log: (_level, event) => logged.push(event),
      },
    );
    return service;
  };
  beforeAll(async () => {
    data = await dataFolder();
    await start();
    cleanUpLater(() => service.close());
  });
  const upload = async (lastHour: number) => {
    const [number = ""] = await service.core.permissions.issue("P", 1);
    return (await sendUpload(service.url, uploadBytes({ hours: 2, lastHour }), { number })).status;
  };
  const shards = () => service.core.files.get("public")?.chunks.size;
  const unused = async () => (await service.core.permissions.stats())[0]?.unused;

  it("publishes and deletes nothing while the clock is 40 days ahead, takes uploads, and goes on when it is right again", async () => {
    expect(await upload(hourOfSeconds(START) - 1)).toBe(201);
    await publish(service.core);
    expect(shards()).toBe(1);
    await service.core.permissions.issue("P", 3);
    time.wall += 40 * DAY;
    pass(75);
    await expect(publish(service.core)).rejects.toThrow(/clock has jumped by 57600 minutes forward/);
    await expect(service.core.sweep()).rejects.toThrow(/clock has jumped/);
    expect([shards(), await unused()]).toEqual([1, 3]);
    expect(await upload(hourOfSeconds(START) - 1)).toBe(201);
    const health = await fetch(`${service.url}/healthz`);
    expect([health.status, await health.text()]).toEqual([
      200,
      expect.stringMatching(/^ok\nthis machine's clock has jumped/),
    ]);
    time.wall -= 40 * DAY;
    pass(60);
    await publish(service.core);
    await service.core.sweep();
    expect([shards(), await unused()]).toEqual([2, 3]);
    expect(logged.filter((event) => event.startsWith("clock-"))).toEqual(["clock-not-right", "clock-right-again"]);
  });

  it("keeps the running hour to itself while the clock is 75 minutes ahead", async () => {
    expect(await upload(hourOfSeconds(START))).toBe(201);
    await publish(service.core).catch(() => undefined);
    time.wall += 75 * 60;
    await expect(publish(service.core)).rejects.toThrow(/clock has jumped/);
    expect(await service.core.database.query("select hour from embargoed")).toEqual([{ hour: hourOfSeconds(START) }]);
    time.wall -= 75 * 60;
    await publish(service.core);
    expect(await service.core.database.query("select hour from embargoed")).toHaveLength(1);
  });

  it("takes nothing and changes nothing when it is started with a clock that is behind, or days ahead of its last time", async () => {
    const before = shards();
    let left = (await unused()) ?? 0;
    for (const wrong of [-2 * 3600, 40 * DAY]) {
      await service.close();
      time.wall += wrong;
      await start();
      expect(await upload(hourOfSeconds(time.wall) - 1)).toBe(503);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(503);
      await expect(publish(service.core)).rejects.toThrow(wrong < 0 ? /behind the time/ : /if the clock is right/);
      await service.close();
      time.wall -= wrong;
      await start();
      await publish(service.core);
      // The number of the upload that was turned away is still good.
      expect([shards(), await unused()]).toEqual([before, ++left]);
    }
  });
});
