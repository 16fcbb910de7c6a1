import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeUploadFile } from "../../../protocol/report/uploadFile";
import { startTap, type Tap } from "../../cli/test/wire";
import { DEFAULT_CONFIG } from "../../exposure/config";
import { type ExposureService, startExposureService } from "../../exposure/service";
import { dataFolder, uploadBytes } from "../../exposure/test/fixtures";
import { sendDecoy } from "../decoy";
import { newReceipt } from "../receipt";
import { sendUntilAnswered } from "../share";

const work = { signal: new AbortController().signal, tell: () => undefined, now: Date.now };

describe("a decoy", () => {
  let service: ExposureService;
  let tap: Tap;
  beforeAll(async () => {
    const config = { ...DEFAULT_CONFIG, region: "US-MA", port: 0, answerStepMs: 0, data: await dataFolder() };
    service = await startExposureService(config, { isScheduled: false });
    tap = await startTap(service.url);
  });
  afterAll(async () => {
    await tap.close();
    await service.close();
  });

  it("is an upload like any other on the wire, is answered like one, and is kept by nobody", async () => {
    await sendDecoy(new URL(`${tap.url}/`), "US-MA", undefined, work);
    const [number = ""] = await service.core.permissions.issue("P", 1, 5);
    const body = uploadBytes({ hours: 504, lastHour: Math.floor(Date.now() / 3_600_000) });
    await sendUntilAnswered(
      new URL(`${tap.url}/`),
      { permission: number, receipt: newReceipt(), body },
      undefined,
      work,
    );
    expect(await service.core.uploads.waiting()).toBe(1);
    const [decoy = "", real = ""] = tap.sent;
    const shape = (sent: string) =>
      sent.slice(0, sent.indexOf("\r\n\r\n")).replace(/[0-9A-Z-]{32}\b|[0-9a-f]{32}\b/g, "X");
    expect(shape(decoy)).toBe(shape(real));
    expect(decoy).toHaveLength(real.length);
    const content = Buffer.from(decoy.slice(decoy.indexOf("\r\n\r\n") + 4), "latin1");
    expect(decodeUploadFile(content)).toMatchObject({ regions: ["US-MA"], reverseTo: 0 });
  });

  it("that cannot be sent disturbs nobody", async () => {
    const abandoned = new AbortController();
    const told: unknown[] = [];
    const sending = sendDecoy(new URL("http://127.0.0.1:9/"), "US-MA", undefined, {
      ...work,
      signal: abandoned.signal,
      tell: (event) => told.push(event),
    });
    abandoned.abort(new Error("enough"));
    await expect(sending).rejects.toThrow("enough");
    expect(told).toEqual([]);
  });
});
