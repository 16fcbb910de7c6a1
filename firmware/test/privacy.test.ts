import { describe, expect, it } from "vitest";
import { minuteOfSeconds } from "../../protocol/base/time";
import { CHIRP_BYTES, chirpOf, SEED_BYTES } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Beacon } from "../../protocol/beacon/sighting";
import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { openMetadata, ROW_BYTES, TAG_BYTES } from "../../protocol/log/contactRow";
import { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { KEYFOB, KeyfobRig, MINUTE_US, SECOND_US, sha256, u16, wearableImage } from "./keyfobRig";
import { captureRadio } from "./radioCapture";

/** The keyfob hears forty strangers in one minute, and has their rows in its log. */
function hearACrowd(world: World, keyfob: KeyfobRig): { readonly chirps: readonly Buffer[]; readonly minute: number } {
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(15 * SECOND_US);
  const minute = minuteOfSeconds(keyfob.worldSeconds());
  const chirps = Array.from({ length: 40 }, (_, i) => chirpOf(sha256, strangersSeed(i), minute));
  for (const chirp of chirps) hear(keyfob, encodeChirpFrame(chirp, -8, 0, TEST_COMPANY), -63);
  world.run(4 * MINUTE_US);
  return { chirps, minute };
}

describe("privacy", () => {
  it("lets nothing but chirp frames out by radio in an hour, and no two minutes have anything in common", async () => {
    await captureRadio(1);
  }, 120_000);

  it("lets nothing out by USB before consent but status, counters, configuration and the region keys that were put in", async () => {
    const world = new World({ seed: "usb" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage() });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(MINUTE_US);
    const hour = Math.floor(keyfob.worldSeconds() / 3600);
    const request = keyfob.newRequest();
    expect(keyfob.exportBegin(request, hour, 1)).toEqual(Buffer.from([request, 0, Status.NoConsent, 0, 0, 0, 0, 0]));
    expect(keyfob.exportBlock(request, 0)).toHaveLength(0);
    expect(keyfob.call(Command.ResultsBegin, u16(request))).toEqual(
      Buffer.from([request, 0, Status.NoConsent, 0, 0, 0, 0, 0]),
    );
    expect(keyfob.call(Command.ResultsBlock, Buffer.concat([u16(request), u16(0)]))).toHaveLength(4);
    keyfob.host.received.length = 0;
    world.run(10 * MINUTE_US);
    expect(keyfob.host.received).toEqual([]);
  });

  it("lets no row, tag or chirp that it heard out by USB, whatever it is asked for, with the wearer's consent or without", async () => {
    const world = new World({ seed: "rows" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage() });
    const sent: Buffer[] = [];
    const { usb } = keyfob.device;
    keyfob.device.usb = {
      frame: (frame) => {
        sent.push(Buffer.from(frame));
        usb?.frame(frame);
      },
      log: (line) => sent.push(Buffer.from(line)),
      reset: () => usb?.reset(),
    };
    const { chirps } = hearACrowd(world, keyfob);
    expect(keyfob.counters().rowsWritten).toBe(chirps.length);

    // These would end the consent, or change what the next command can find.
    const { ConsentAsk, ExportEnd, ResultsEnd, ClockSet, ConfigSet } = Command;
    const left: readonly number[] = [ConsentAsk, ExportEnd, ResultsEnd, ClockSet, ConfigSet];
    const askForEverything = (request: number) => {
      for (let command = 0; command < 0x200; command++) {
        if (left.includes(command)) continue;
        for (const length of [2, 4, 6, 8, 16]) {
          const data = Buffer.alloc(length);
          // Requests stand at the beginning, or after a number of four bytes.
          data.writeUInt16LE(request, 0);
          if (length >= 6) data.writeUInt16LE(request, 4);
          keyfob.host.command(KEYFOB, command, data);
          world.run(5_000);
        }
      }
      // Nothing of it is left for the next consent.
      world.run(MINUTE_US);
    };
    askForEverything(keyfob.newRequest());
    for (const purpose of [Purpose.Export, Purpose.Results]) {
      const { request, status } = keyfob.consent(purpose);
      expect(status).toBe(Status.Ok);
      askForEverything(request);
    }
    const seeds = keyfob.exportSeeds(Math.floor(keyfob.worldSeconds() / 3600) - 1, 2);
    keyfob.results();
    expect(keyfob.panics).toEqual([]);
    const out = Buffer.concat(sent);
    // What may leave is seen, so that a row would be.
    for (const seed of seeds) expect(out.includes(seed.subarray(0, TAG_BYTES))).toBe(true);
    const { bytes } = keyfob.device.flash.log;
    for (const chirp of chirps) {
      const at = Buffer.from(bytes).indexOf(chirp.subarray(0, TAG_BYTES));
      expect(at).toBeGreaterThanOrEqual(0);
      for (let i = 0; i + 4 <= CHIRP_BYTES; i += 4) expect(out.includes(chirp.subarray(i, i + 4))).toBe(false);
    }
  }, 120_000);

  it("keeps in flash nothing that opens a row without its seed", async () => {
    const world = new World({ seed: "flash" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage() });
    const { chirps, minute } = hearACrowd(world, keyfob);
    const { log, settings } = keyfob.device.flash;
    const image = Buffer.concat([Buffer.from(log.bytes), Buffer.from(settings)]);
    let opened = 0;
    for (const chirp of chirps) {
      const at = image.indexOf(chirp.subarray(0, TAG_BYTES));
      expect(at).toBeGreaterThanOrEqual(0);
      expect(image.includes(chirp.subarray(TAG_BYTES, TAG_BYTES + 4))).toBe(false);
      const sealed = image.subarray(at + TAG_BYTES + 1, at + ROW_BYTES);
      expect(openMetadata(sha256, Beacon.Pact, sealed, chirp, minute)).toMatchObject({
        maxRssi: -63,
        txPower: -8,
        delay: 0,
      });
      // Without the other 20 bytes: the plain values are not there, nor under the tag alone.
      const guess = openMetadata(
        sha256,
        Beacon.Pact,
        sealed,
        Buffer.concat([chirp.subarray(0, TAG_BYTES), Buffer.alloc(20)]),
        minute,
      );
      if (sealed[0] === (-63 & 0xff) || guess.maxRssi === -63) opened++;
    }
    expect(opened).toBeLessThan(4);
    // Nor is there a seed of any of them: no 32 bytes of the whole image make a chirp whose row is there.
    const tags = new Set(chirps.map((chirp) => chirp.toString("hex", 0, TAG_BYTES)));
    for (let at = 0; at + SEED_BYTES <= image.length; at++) {
      if (image[at] === 0xff && image[at + SEED_BYTES - 1] === 0xff) continue;
      const made = chirpOf(sha256, image.subarray(at, at + SEED_BYTES), minute);
      if (tags.has(made.toString("hex", 0, TAG_BYTES))) expect.fail(`the seed of a row lies at ${at}`);
    }
  });
});
