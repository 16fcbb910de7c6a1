// The commands from end to end: real processes, a real serial port where there is socat, the real bytecode behind it.

import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { firstMinuteOfHour, hourOfSeconds } from "../../../protocol/base/time";
import { decodeUploadFile } from "../../../protocol/report/uploadFile";
import { hasTool } from "../../../test/tools";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import { type Desk, type DeskOptions, openDesk } from "../../keyfob/test/simDesk";
import { startChirpfob } from "./processes";
import { makeKey, makeShard, randomSeeds, type TestKey } from "./shardFixture";

let wearable: Bytecode;
let key: TestKey;
let shard: Buffer;
let folder: string;
const thisHour = hourOfSeconds(Date.now() / 1000);
const socat = hasTool("socat");

beforeAll(async () => {
  wearable = await buildBytecode("wearable", "firmware/main.ts");
  key = makeKey();
  shard = makeShard(key, "US-MA", 1, randomSeeds(thisHour - 60, 10, 6000));
}, 120_000);
const open: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chirpfob-cli-"));
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  await rm(folder, { recursive: true, force: true });
});

async function plugIn(options: DeskOptions = {}): Promise<Desk> {
  const desk = await openDesk({ image: wearable.image, consenting: true, pty: socat, ...options });
  open.push(desk);
  return desk;
}

/** Runs a command to its end. */
async function chirpfob(...args: string[]) {
  const running = startChirpfob(args);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr(), json: () => JSON.parse(running.stdout()) };
}

describe("a keyfob on the desk", () => {
  it("is set up, shares and checks, each command ending by itself", async () => {
    const { port } = await plugIn();
    const on = ["--port", port.address];
    expect(await chirpfob("clock", "sync", ...on)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/chirps and listens/),
    });
    const synced = (await chirpfob("clock", "sync", ...on, "--json")).json();
    expect(synced).toMatchObject({ previous: "set", driftPpm: null, chirping: true });
    expect((await chirpfob("status", ...on, "--json")).json()).toMatchObject({
      role: "wearable",
      state: { clockSet: true, chirping: true },
    });
    expect(await chirpfob("keys", "add", "us-ma", key.publicKey.toString("hex"), ...on)).toMatchObject({ code: 0 });

    const file = join(folder, "seeds.pact");
    const exported = await chirpfob(
      "seeds",
      "export",
      "--days",
      "2",
      "--redact",
      localHour(thisHour - 5),
      "-o",
      file,
      ...on,
    );
    expect(exported.code).toBe(0);
    expect(exported.stderr).toMatch(/one seed for each hour from .* \(2 days\)[\s\S]*Left out.*\n {2}\S/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const upload = decodeUploadFile(await readFile(file));
    expect([upload.regions, upload.seeds.length, upload.firstHour]).toEqual([["US-MA"], 48, thisHour - 47]);
    const again = await chirpfob("seeds", "export", "-o", file, ...on);
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/exists already.*--force/)]);

    await writeFile(join(folder, "1.shard"), shard);
    const imported = await chirpfob("shards", "import", folder, ...on, "--json");
    expect(imported.json()).toMatchObject({ verified: 1, skipped: 0 });
    expect(imported.stderr).toBe("");
    // A keyfob counts a shard as known when its matches are kept, 1 to 5 s later (firmware/results/results.ts).
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const known = await chirpfob("shards", "import", folder, ...on, "--json");
    expect(known.json()).toMatchObject({ verified: 0, skipped: 1, bytes: 0 });
    const forged = makeShard(key, "US-MA", 2, randomSeeds(thisHour - 60, 1, 12));
    forged[forged.length - 1] = Number(forged.at(-1)) ^ 1;
    await writeFile(join(folder, "2.shard"), forged);
    const refused = await chirpfob("shards", "import", folder, ...on);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/signature/)]);
    const page = join(folder, "result.html");
    const found = await chirpfob("exposures", "--html", page, ...on);
    expect([found.code, found.stdout]).toEqual([0, expect.stringMatching(/No encounter/)]);
    expect(await readFile(page, "utf8")).toContain("<h1>What your keyfob found</h1>");
    expect((await stat(page)).mode & 0o777).toBe(0o600);
  });

  it("refuses a shard whose region it does not trust, before anything is sent", async () => {
    const { port } = await plugIn();
    await writeFile(join(folder, "1.shard"), shard);
    await chirpfob("clock", "sync", "--port", port.address);
    const refused = await chirpfob("shards", "import", folder, "--port", port.address);
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(/trusts no key of US-MA.*chirpfob keys add US-MA KEY/),
    ]);
    expect((await chirpfob("status", "--port", port.address, "--json")).json().counters.blocksImported).toBe(0);
  });

  it("brings what the keyfob trusts, says what it does not, and passes over no shard in between", async () => {
    const { port } = await plugIn();
    const on = ["--port", port.address];
    const stranger = makeKey();
    const put = (name: string, signer: TestKey, region: string, chunk: number) =>
      writeFile(join(folder, name), makeShard(signer, region, chunk, randomSeeds(thisHour - 60, 1, 12)));
    await Promise.all([
      put("1.shard", key, "US-MA", 1),
      put("2.shard", stranger, "US-MA", 2),
      put("3.shard", key, "US-MA", 3),
      put("4.shard", stranger, "US-NH", 1),
    ]);
    await chirpfob("clock", "sync", ...on);
    await chirpfob("keys", "add", "US-MA", key.publicKey.toString("hex"), ...on);
    const some = await chirpfob("shards", "import", folder, ...on);
    expect(some).toMatchObject({ code: 4, stdout: expect.stringMatching(/^1 shard checked and searched/) });
    expect(some.stderr).toMatch(/3 shards not sent: .*does not trust the key .*2\.shard.*\n.*trusts no key of US-NH/);

    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await chirpfob("keys", "add", "US-MA", stranger.publicKey.toString("hex"), ...on);
    const more = await chirpfob("shards", "import", folder, ...on, "--json");
    expect([more.code, more.json()]).toMatchObject([4, { verified: 2, skipped: 1, refused: 1 }]);

    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await put("6.shard", key, "US-MA", 6);
    const late = await chirpfob("shards", "import", join(folder, "6.shard"), ...on);
    expect(late).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Shards 4 to 5 of US-MA are not among/) });
  });

  it("shares nothing when nobody presses the button", async () => {
    const { port } = await plugIn({ consenting: false });
    await chirpfob("clock", "sync", "--port", port.address);
    const file = join(folder, "seeds.pact");
    const result = await chirpfob("seeds", "export", "--regions", "DE", "-o", file, "--port", port.address);
    expect([result.code, result.stderr]).toEqual([4, expect.stringMatching(/nobody pressed the button in time/)]);
    await expect(stat(file)).rejects.toThrow();
  });

  it("is left sane by Ctrl-C in the middle of an import and of a question, and the next command goes on", async () => {
    const desk = await plugIn({ consenting: false });
    const on = ["--port", desk.port.address];
    await chirpfob("keys", "add", "US-MA", key.publicKey.toString("hex"), ...on);
    await chirpfob("clock", "sync", ...on);
    const question = startChirpfob(["seeds", "export", "-o", join(folder, "seeds.pact"), ...on]);
    await question.prints(/Press the button/);
    question.child.kill("SIGINT");
    expect(await question.ended).toBe(130);
    expect(question.stderr()).toMatch(/interrupted: nothing is left half done/);

    const large = makeShard(key, "US-MA", 1, randomSeeds(thisHour - 60, 10, 20_000));
    await writeFile(join(folder, "1.shard"), large);
    const running = startChirpfob(["shards", "import", folder, ...on]);
    await expect.poll(() => desk.port.isOpen, { timeout: 60_000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(130);
    const after = await chirpfob("shards", "import", folder, ...on, "--json");
    expect([after.code, after.json()]).toMatchObject([0, { verified: 1, bytes: large.length }]);
    expect(desk.panics).toEqual([]);
  });

  it("goes on importing when the cable is pulled and plugged in again under one command", async () => {
    const desk = await plugIn({ pty: false });
    const on = ["--port", desk.port.address];
    await chirpfob("clock", "sync", ...on);
    await chirpfob("keys", "add", "US-MA", key.publicKey.toString("hex"), ...on);
    await writeFile(join(folder, "1.shard"), shard);
    const running = startChirpfob(["shards", "import", folder, ...on]);
    await expect.poll(() => desk.port.isOpen, { timeout: 30_000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    desk.port.unplug();
    expect(await running.ended).toBe(0);
    expect(running.stdout()).toMatch(/1 shard checked/);
  });

  it.skipIf(!hasTool("script"))("shows a progress bar on a terminal, and asks there", async () => {
    const { port } = await plugIn();
    const on = ["--port", port.address];
    await chirpfob("clock", "sync", ...on);
    await chirpfob("keys", "add", "US-MA", key.publicKey.toString("hex"), ...on);
    await writeFile(join(folder, "1.shard"), shard);
    const importing = startChirpfob(["shards", "import", folder, ...on], { NO_COLOR: "1" }, true);
    expect(await importing.ended).toBe(0);
    expect(importing.stdout()).toMatch(/Importing \[#+-*\] +\d+ %/);
    const erasing = startChirpfob(["erase", ...on], {}, true);
    await erasing.prints(/Erase everything/);
    erasing.child.stdin?.write("n\n");
    expect(await erasing.ended).toBe(4);
    expect(erasing.stdout()).toMatch(/nothing was erased/);
  });

  it("is found among others by name; several are listed where nobody can be asked, and offered on a terminal", async ({
    skip,
  }) => {
    const desks = [await plugIn({ pty: false }), await plugIn({ pty: false })];
    const environment = { CHIRPFOB_PORTS: desks.map(({ port }) => port.address).join(",") };
    const several = startChirpfob(["status"], environment);
    expect(await several.ended).toBe(3);
    for (const { port } of desks) expect(several.stderr()).toContain(`${port.address}  keyfob 0.1.0`);
    const listed = startChirpfob(["devices", "--json"], environment);
    expect(await listed.ended).toBe(0);
    expect(JSON.parse(listed.stdout())).toMatchObject([{ kind: "keyfob" }, { kind: "keyfob" }]);
    const one = startChirpfob(["status", "--json"], { CHIRPFOB_PORTS: String(desks[0]?.port.address) });
    expect(await one.ended).toBe(0);
    if (!hasTool("script")) return skip("script is not installed");
    const asking = startChirpfob(["clock", "sync"], environment, true);
    await asking.prints(/Which one\? \(1 to 2\)/);
    asking.child.stdin?.write("3\n");
    await asking.prints(/Which one[\s\S]*Which one/);
    asking.child.stdin?.write("2\n");
    expect(await asking.ended).toBe(0);
    expect(asking.stdout()).toMatch(/clock is set/);
  });

  it("is not taken for the one that another program holds", async () => {
    const desks = [await plugIn({ pty: false }), await plugIn({ pty: false })];
    const held = connect(Number(new URL(String(desks[0]?.port.address)).port), "127.0.0.1");
    await once(held, "connect");
    const environment = { CHIRPFOB_PORTS: desks.map(({ port }) => port.address).join(",") };
    const status = startChirpfob(["status"], environment);
    expect(await status.ended).toBe(3);
    expect(status.stderr()).toMatch(/in use/);
    for (const { port } of desks) expect(status.stderr()).toContain(port.address);
    held.destroy();
  });

  it("is not taken for the bare board beside it, which is to get a program", async () => {
    const keyfob = await plugIn({ pty: false });
    const bare = await openDesk({});
    open.push(bare);
    const environment = { CHIRPFOB_PORTS: [keyfob, bare].map(({ port }) => port.address).join(",") };
    const deploying = startChirpfob(["deploy", "--role", "repeater"], environment);
    expect(await deploying.ended).toBe(3);
    for (const { port } of [keyfob, bare]) expect(deploying.stderr()).toContain(port.address);
    const status = startChirpfob(["status", "--json"], environment);
    expect(await status.ended).toBe(0);
    expect(JSON.parse(status.stdout())).toMatchObject({ port: keyfob.port.address, role: "wearable" });
  });

  it("is examined by the doctor", async () => {
    const { port } = await plugIn();
    const before = await chirpfob("doctor", "--port", port.address, "--json");
    expect(before.code).toBe(1);
    expect(before.json()).toContainEqual(
      expect.objectContaining({ what: "keyfob's clock", state: "problem", mend: expect.stringMatching(/clock sync/) }),
    );
    await chirpfob("clock", "sync", "--port", port.address);
    const after = await chirpfob("doctor", "--port", port.address);
    expect([after.code, after.stdout]).toEqual([0, expect.stringMatching(/ok {4}keyfob's clock/)]);
    const udev = await chirpfob("doctor", "--udev");
    expect(udev.stdout).toMatch(/SUBSYSTEM=="tty", ATTRS\{idVendor\}=="303a"/);
  });

  it("gets its program from the command line, which runs after the restart", async () => {
    const desk = await openDesk({ pty: socat });
    open.push(desk);
    const deployed = await chirpfob("deploy", "--role", "wearable", "--port", desk.port.address, "--json");
    expect([deployed.code, deployed.json()]).toMatchObject([0, { wasThere: false }]);
    expect((await chirpfob("status", "--port", desk.port.address, "--json")).json()).toMatchObject({
      role: "wearable",
    });
    const again = await chirpfob("deploy", "--role", "wearable", "--port", desk.port.address);
    expect(again.stdout).toMatch(/has this program already/);
  });
});

/** An hour as --redact takes it, in local time. */
function localHour(hour: number): string {
  const start = new Date(firstMinuteOfHour(hour) * 60_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const at = (date: Date) =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${at(start)}..${at(new Date(start.getTime() + 3_600_000))}`;
}
