import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { buildBytecode } from "../../build/bytecode";
import { REALISTIC } from "../air/profile";
import { Crowd } from "../crowd/crowd";

const START_S = 1_790_000_000;

/** Lines that tshark prints for the frames of a trace that a filter lets through. */
function tshark(trace: string, filter: string, ...fields: string[]): string[] {
  const args = ["-r", trace, "-Y", filter, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  const out = execFileSync("tshark", args, { encoding: "utf8", maxBuffer: 1e9, stdio: ["ignore", "pipe", "ignore"] });
  return out.split("\n").filter((line) => line !== "");
}

describe.skipIf(!hasTool("tshark"))("the HCI trace of a keyfob among nine others over a simulated hour", () => {
  it("is decoded by tshark without a malformed frame, a failed command, or another kind of advertising", async () => {
    const { image, debugFile } = await buildBytecode("wearable", "firmware/main.ts");
    const trace = join(mkdtempSync(join(tmpdir(), "chirpfob-")), "keyfob.btsnoop");
    const data = Buffer.alloc(8);
    data.writeUInt32LE(START_S + 5);
    data.writeUInt16LE(1, 4);
    const clock = { atUs: 5e6, serviceClass: 0x1c4fb003, command: 0x82, data };
    const walks = Array.from({ length: 10 }, (_, i) => [
      { atUs: 0, x: i, y: 0 },
      { atUs: 3600e6, x: i, y: 0 },
    ]);
    const crowd = await Crowd.start({
      seed: "tshark",
      profile: REALISTIC,
      proximity: { kind: "walks", walks },
      programs: { wearable: { image, debugFile } },
      devices: walks.map((_, i) => ({
        program: "wearable",
        hostCommands: [clock],
        ...(i === 4 ? { hciTrace: trace } : {}),
      })),
      startS: START_S,
    });
    await crowd.run(3600e6);
    await crowd.close();

    expect(tshark(trace, "_ws.malformed", "frame.number")).toEqual([]);
    expect(tshark(trace, "bthci_evt.status != 0", "frame.number")).toEqual([]);
    const reports = tshark(trace, "bthci_evt.le_meta_subevent == 2", "bthci_evt.le_advts_event_type", "bthci_evt.rssi");
    expect(reports.length).toBeGreaterThan(1000);
    expect(new Set(reports.map((line) => Number(line.split("\t")[0])))).toEqual(new Set([3]));
    const addresses = tshark(trace, "bthci_cmd.opcode == 0x2005", "frame.time_epoch");
    expect(addresses.length).toBeGreaterThanOrEqual(59);
    expect(Number(addresses[1])).toBeGreaterThan(START_S);
  }, 300_000);
});
