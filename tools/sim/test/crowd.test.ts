import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Command, KEYFOB_SERVICE_CLASS } from "../../../protocol/keyfob/codes";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import type { Link } from "../../keyfob/link";
import { openLink } from "../../keyfob/openLink";
import { REALISTIC } from "../air/profile";
import { Crowd, CrowdError } from "../crowd/crowd";
import { shareOut } from "../crowd/share";
import type { CrowdSpec, DeviceDigest } from "../crowd/spec";
import { encounters, openLogs } from "../oracle/encounters";

let radio: Bytecode;
let lifecycle: Bytecode;

beforeAll(async () => {
  radio = await buildBytecode("sim-radio", "tools/sim/test/programs/radio.ts");
  lifecycle = await buildBytecode("sim-lifecycle", "tools/sim/test/programs/lifecycle.ts");
}, 60_000);

const PEOPLE = 8;

/** Eight people of whom each meets the next for a minute, one after the other. */
function spec(changes: Partial<CrowdSpec> = {}): CrowdSpec {
  const runs = Array.from({ length: PEOPLE - 1 }, (_, i) => ({
    a: i,
    b: i + 1,
    fromUs: i * 30e6,
    toUs: i * 30e6 + 60e6,
  }));
  return {
    seed: "crowd",
    profile: REALISTIC,
    proximity: { kind: "contacts", runs },
    programs: { radio },
    devices: Array.from({ length: PEOPLE }, (_, i) => ({ program: "radio", clock: { driftPpm: i - 4 } })),
    startS: 1_700_000_000,
    ...changes,
  };
}

/** Runs a crowd for four minutes; its devices' digests. */
async function digests(threads: number, changes?: Partial<CrowdSpec>): Promise<DeviceDigest[]> {
  const crowd = await Crowd.start(spec(changes), { threads });
  await crowd.run(240e6);
  const all: DeviceDigest[] = [];
  for (let i = 0; i < PEOPLE; i++) all.push((await crowd.state(i)).digest);
  await crowd.close();
  return all;
}

describe("a crowd", () => {
  it("gives the same radio traces and flash images for the same seed, on one thread, two or three", async () => {
    const one = await digests(1);
    expect(new Set(one.map((digest) => digest.hci)).size).toBe(PEOPLE);
    expect(await digests(2)).toEqual(one);
    expect(await digests(3)).toEqual(one);
    expect(await digests(2, { seed: "another" })).not.toEqual(one);
  });

  it("gives each thread about as much to do, and a device that is much work a thread of its own", () => {
    expect(shareOut([{}, {}, {}, {}, {}], 2)).toEqual([0, 1, 0, 1, 0]);
    expect(shareOut([{}, {}, {}, {}, { load: 12 }], 2)).toEqual([1, 1, 1, 1, 0]);
  });

  it("lets people hear each other across threads for as long as they are in contact", async () => {
    const last = new Map<number, number>();
    const crowd = await Crowd.start(spec({ logs: true }), {
      threads: 2,
      onLog: (device, _atUs, line) => {
        const match = /^> heard (\d+)/.exec(line);
        if (match) last.set(device, Number(match[1]));
      },
    });
    await crowd.run(300e6);
    await crowd.close();
    expect(last.get(0)).toBeGreaterThan(50);
    expect(last.get(0)).toBeLessThan(62);
    expect(last.get(4)).toBeGreaterThan(100);
    expect(last.get(4)).toBeLessThan(124);
  });

  it("lets devices lose power, and writes HCI traffic to btsnoop files", async () => {
    const hciTrace = join(mkdtempSync(join(tmpdir(), "chirpfob-")), "device.btsnoop");
    let boots = 0;
    const devices = [{ program: "radio", bootUs: 0, powerCutsUs: [20e6, 40e6], hciTrace }];
    const crowd = await Crowd.start(spec({ devices, logs: true }), {
      onLog: (_device, _atUs, line) => {
        if (line.startsWith("* start:")) boots++;
      },
    });
    await crowd.run(60e6);
    await crowd.close();
    expect(boots).toBe(3);
    const trace = readFileSync(hciTrace);
    expect(trace.toString("latin1", 0, 8)).toBe("btsnoop\0");
    const reset = trace.indexOf(Buffer.from("01030c00", "hex"));
    const atUs = trace.readBigInt64BE(reset - 8) - 0x00dcddb30f2f8000n - 1_700_000_000_000_000n;
    expect(Number(atUs) / 1e6).toBeCloseTo(1.5, 1);
  });

  it("gives a device's USB to real programs when the crowd has done its part", async () => {
    const crowd = await Crowd.start(spec(), { threads: 2 });
    await crowd.run(10e6);
    const address = await crowd.openPort(3);
    await expect(crowd.run(1e6)).rejects.toThrow(/close the USB ports/);
    let pulling: NodeJS.Timeout | undefined;
    const lost = new Promise<string>((resolve, reject) => {
      // The device may notice the connection a little later than we: a cable that is not seen yet cannot be pulled.
      const pull = (_link: Link) => {
        pulling = setInterval(() => crowd.unplug(3), 100);
      };
      openLink(address, { data: () => undefined, lost: resolve }).then(pull, reject);
    });
    expect(await lost).toMatch(/connection/);
    clearInterval(pulling);
    await crowd.closePort(3);
    await crowd.run(1e6);
    await crowd.close();
  });

  it("fails with device, moment and source line when a program panics", async () => {
    const crowd = await Crowd.start(spec({ programs: { radio: lifecycle }, devices: [{ program: "radio" }] }));
    const run = crowd.run(200e6);
    await expect(run).rejects.toThrow(CrowdError);
    await expect(run).rejects.toThrow(/device 0 at 19\d\.\d+ s: .*60005.*lifecycle\.ts:7/s);
    await crowd.close();
  });
});

describe("a crowd of keyfobs", () => {
  const HOUR = 500_000;
  const KEYFOBS = 4;

  /** Three meet a fourth for three minutes; what each found of it after a quarter of an hour, and everybody's digests. */
  async function meet(threads: number) {
    const { image, debugFile } = await buildBytecode("wearable", "firmware/main.ts");
    const clock = Buffer.alloc(8);
    clock.writeUInt32LE(HOUR * 3600 + 5, 0);
    clock.writeUInt16LE(1, 4);
    const setClock = {
      atUs: 5e6,
      serviceClass: KEYFOB_SERVICE_CLASS,
      command: Command.ClockSet,
      data: clock,
    };
    const crowd = await Crowd.start(
      {
        seed: "keyfobs",
        profile: REALISTIC,
        proximity: {
          kind: "contacts",
          runs: [1, 2, 3].map((other) => ({ a: 0, b: other, fromUs: 60e6, toUs: 240e6 })),
        },
        programs: { wearable: { image, debugFile } },
        devices: Array.from({ length: KEYFOBS }, () => ({ program: "wearable", hostCommands: [setClock] })),
        startS: HOUR * 3600,
      },
      { threads },
    );
    await crowd.run(1080e6);
    const states = await Promise.all(Array.from({ length: KEYFOBS }, (_, i) => crowd.state(i)));
    await crowd.close();
    const [ill, ...others] = await Promise.all(states.map(({ flash }) => openLogs(flash.log)));
    if (!ill) throw new Error("there is no first keyfob");
    const found = await Promise.all(others.map((logs) => encounters(logs, ill, HOUR, HOUR)));
    return { digests: states.map(({ digest }) => digest), found };
  }

  it("finds the same encounters from the same radio traces and flash images, on one thread or two", async () => {
    const one = await meet(1);
    for (const matches of one.found) expect(matches.length).toBeGreaterThanOrEqual(2);
    expect(await meet(2)).toEqual(one);
  });
});
