import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { takeLock } from "../../daemon/lock";
import { publish } from "../administration";
import { DEFAULT_CONFIG } from "../config";
import { openCore } from "../core";
import type { Signer } from "../feeds/signer";
import { type ExposureService, startExposureService } from "../service";
import { openDataDirectory } from "../storage/dataDirectory";
import {
  cleanUpLater,
  dataFolder,
  FakeClock,
  noSigner,
  REGION,
  START,
  sendUpload,
  testService,
  uploadBytes,
} from "./fixtures";

describe("The service", () => {
  it("publishes by itself when an hour leaves the embargo", async () => {
    const clock = new FakeClock(START - 18 * 60 - 1);
    const config = { ...DEFAULT_CONFIG, data: await dataFolder(), region: REGION, port: 0 };
    const service = await startExposureService(config, { now: clock.now, signer: noSigner });
    cleanUpLater(() => service.close());
    const [number = ""] = await service.core.permissions.issue("P", 1);
    expect((await sendUpload(service.url, uploadBytes({ hours: 2 }), { number })).status).toBe(201);
    const published = () => service.core.files.get("public")?.chunks.size;
    expect(published()).toBe(0);
    clock.advance({ minutes: 1 });
    await expect.poll(published, { timeout: 10_000 }).toBe(1);
  });

  it("finishes an upload in flight when it is stopped, and takes no other", async () => {
    const service = await testService({ data: await dataFolder() });
    const [number = ""] = await service.core.permissions.issue("P", 1);
    const upload = beginUpload(service, number);
    await upload.begun;
    const closing = service.close();
    await expect(fetch(service.url)).rejects.toThrow();
    upload.finish();
    expect(await upload.status).toBe(201);
    await closing;
  });

  it("waits for a command that has its data directory for a moment, and not for another service", async () => {
    const data = await dataFolder();
    const lock = await takeLock((await openDataDirectory(data)).lock);
    const starting = testService({ data });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await lock?.release();
    expect((await fetch(`${(await starting).url}/healthz`)).status).toBe(200);
    await expect(testService({ data })).rejects.toThrow(/another process is using/);
  });

  it("refuses to begin anew beside the keys of a database that is gone", async () => {
    const data = await dataFolder();
    await writeFile(join(data, "permission.key"), `${"ab".repeat(32)}\n`, { mode: 0o600 });
    await expect(testService({ data })).rejects.toThrow(
      /the database is new, but .*permission.key is from an older one/,
    );
  });

  it("stops within seconds in the middle of a publication, and publishes it the next time", async () => {
    const data = await dataFolder();
    const stuck: Signer = {
      sign: () =>
        new Promise((_, reject) => {
          rejectSignature = reject;
        }),
      close: async () => rejectSignature?.(new Error("the service is stopping")),
    };
    let rejectSignature: ((error: Error) => void) | undefined;
    const first = await testService({ data });
    const [number = ""] = await first.core.permissions.issue("P", 1);
    expect((await sendUpload(first.url, uploadBytes({ hours: 2 }), { number })).status).toBe(201);
    await first.close();
    const second = await openCore({ data }, new FakeClock().now, () => undefined, stuck);
    const publishing = publish(second).then(
      () => "published",
      () => "ended",
    );
    await expect.poll(() => rejectSignature !== undefined, { timeout: 30_000 }).toBe(true);
    await second.interrupt();
    expect(await publishing).toBe("ended");
    await second.close();
    const third = await testService({ data });
    expect((await publish(third.core)).published).toHaveLength(1);
  });

  it("says what is in its way when it cannot listen", async () => {
    const first = await testService({ data: await dataFolder() });
    const port = Number(new URL(first.url).port);
    await expect(testService({ data: await dataFolder(), port })).rejects.toThrow(
      /something else listens there already/,
    );
  });
});

/** An upload of which half the body has been sent. */
function beginUpload(
  { url }: ExposureService,
  number: string,
): { begun: Promise<void>; finish(): void; status: Promise<number> } {
  const file = uploadBytes();
  const sending = request(`${url}/v1/uploads`, {
    method: "POST",
    headers: {
      "content-type": "application/octet-stream",
      "content-length": file.length,
      authorization: `Permission ${number}`,
      "idempotency-key": randomBytes(16).toString("hex"),
    },
  });
  const half = file.length >> 1;
  return {
    // Written to the connection, and a moment for the service to see it.
    begun: new Promise((resolve) => sending.write(file.subarray(0, half), () => setTimeout(resolve, 200))),
    finish: () => sending.end(file.subarray(half)),
    status: new Promise((resolve, reject) => {
      sending.on("error", reject);
      sending.on("response", (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    }),
  };
}
