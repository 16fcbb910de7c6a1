import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  checkClock,
  checkEsptool,
  checkKeyfob,
  checkNode,
  checkPorts,
  checkServer,
  type Finding,
} from "../../desk/doctor";
import { temporaryFolder } from "../../exposure/test/fixtures";
import { startUnprivileged } from "./processes";
import { runCli } from "./runCli";

afterEach(() => {
  vi.unstubAllEnvs();
});

const never = new AbortController().signal;

describe("the doctor", () => {
  it.each([
    ["an old Node", () => checkNode("18.20.4"), "problem", /install Node\.js 20/],
    ["a Node that will do", () => checkNode("20.19.0"), "ok", undefined],
    ["a clock that starts in 1970", () => checkClock(0), "problem", /set it/],
    [
      "a port that is not there",
      async () => (await checkPorts("/dev/no-such-port"))[0],
      "problem",
      /plug the keyfob in/,
    ],
    [
      "a missing esptool",
      () => {
        vi.stubEnv("PATH", "/nonexistent");
        return checkEsptool();
      },
      "warning",
      /pip install esptool/,
    ],
  ] as [string, () => Finding | Promise<Finding>, Finding["state"], RegExp | undefined][])(
    "tells what to do about %s",
    async (_, check, state, mend) => {
      const finding = await check();
      expect(finding.state).toBe(state);
      if (mend === undefined) expect(finding.mend).toBeUndefined();
      else expect(finding.mend).toMatch(mend);
    },
  );

  it("does not pass over a board without the check that it is for", async () => {
    const { exitCode, stderr } = await runCli(["doctor", "--board", "xiao-c3"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/--board .* needs --hardware/)]);
  });

  it("reports a keyfob and a server that cannot be reached, rather than stopping there", async () => {
    expect(await checkKeyfob("tcp://127.0.0.1:9", Date.now())).toEqual([
      { what: "keyfob", state: "problem", found: expect.stringMatching(/cannot connect/) },
    ]);
    for (const [address, problem] of [
      ["http://127.0.0.1:9", /takes no connections/],
      ["http://exposure.example.org", /not encrypted/],
      ["exposure", /must be an address/],
    ] as const)
      expect(await checkServer(address, undefined, { signal: never, now: Date.now })).toEqual([
        { what: `server ${address}`, state: "problem", found: expect.stringMatching(problem) },
      ]);
  });

  it("offers the udev rule for a port that this user may not use, where other commands send people to the doctor", async () => {
    const folder = await temporaryFolder();
    const port = join(folder, "ttyACM0");
    await writeFile(port, "", { mode: 0 });
    await chmod(folder, 0o755);
    const doctor = startUnprivileged(["doctor", "--port", port]);
    expect([await doctor.ended, doctor.stderr()]).toEqual([1, expect.stringMatching(/1 thing needs mending/)]);
    expect(doctor.stdout()).toMatch(
      /FAIL {2}port .*ttyACM0 +you may not use it\n +to mend: write the rule below[\s\S]*\nSUBSYSTEM=="tty", ATTRS\{idVendor\}=="303a", TAG\+="uaccess"/,
    );
    const status = startUnprivileged(["status", "--port", port]);
    expect([await status.ended, status.stderr()]).toEqual([
      3,
      `chirpfob: you may not open ${port}: "chirpfob doctor" says how to get the permission\n`,
    ]);
  });
});
