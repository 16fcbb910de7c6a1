import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadFederation } from "../federation/federationConfig";
import { temporaryFolder } from "./fixtures";

describe("A federation file", () => {
  it("is refused with the name of the field that is wrong", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "federation.json");
    await writeFile(join(folder, "ca.pem"), "-----BEGIN CERTIFICATE-----\n");
    const load = async (content: unknown) => {
      await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
      return loadFederation(file);
    };
    const good = { authority: "ca.pem", consumers: [{ regionID: "DE" }] };
    expect((await load(good)).consumers).toEqual([{ regionID: "DE", allToAll: false }]);
    const source = {
      regionID: "FR",
      remoteRegionURL: "https://x/",
      replicationType: "partial",
      verificationKeys: ["00".repeat(32)],
      tlsConsumerCertificate: "ca.pem",
      tlsConsumerKey: "ca.pem",
    };
    expect((await load({ ...good, producers: [source] })).producers[0]?.remoteRegionURL).toBe("https://x");
    for (const [content, problem] of [
      ["{", /is not JSON/],
      [{}, /authority must be a text/],
      [{ authority: "none.pem" }, /authority cannot be read/],
      [{ authority: "federation.json" }, /authority is not PEM/],
      [{ ...good, consumer: [] }, /consumer is unknown/],
      [{ ...good, consumers: [{ regionID: "Germany" }] }, /consumers\[0\].regionID/],
      [
        { ...good, producers: [{ ...source, remoteRegionURL: "http://x" }] },
        /producers\[0\].remoteRegionURL must be an https/,
      ],
      [{ ...good, producers: [{ ...source, replicationType: "all" }] }, /replicationType must be/],
      [{ ...good, producers: [{ ...source, verificationKeys: [] }] }, /at least one public key/],
      [{ ...good, producers: [{ ...source, verificationKeys: ["12"] }] }, /verificationKeys\[0\]/],
      [{ ...good, listen: { host: "::", port: 99999 } }, /listen.port/],
    ] as const)
      await expect(load(content)).rejects.toThrow(problem);
  });
});
