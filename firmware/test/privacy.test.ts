import { describe, expect, it } from "vitest";
import { chirpOf } from "../../protocol/chirp";
import { openMetadata, ROW_BYTES, TAG_BYTES } from "../../protocol/contactRow";
import { encodeFrame, TEST_COMPANY } from "../../protocol/frame";
import { minuteOfSeconds } from "../../protocol/time";
import { World } from "../../tools/sim/world";
import { Command, Status } from "../keyfob/codes";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, u16, wearableImage } from "./keyfobRig";

const HOURS = process.env.CHIRPFOB_DEEP ? 24 : 1;
/** Opcodes that may put something on the air, and the only ones of them that are allowed. */
const ADVERTISING = [0x2005, 0x2006, 0x2008, 0x200a];
const LISTENING = [0x0c01, 0x0c03, 0x1001, 0x2001, 0x2002, 0x2003, 0x200b, 0x200c];

describe("privacy", () => {
  it(`lets nothing but chirp frames out by radio in ${HOURS} h, and no two minutes have anything in common`, async () => {
    const minutes = new Map<string, { minute: number; data: Uint8Array; address: Uint8Array }>();
    const opcodes = new Set<number>();
    const scanTypes = new Set<number>();
    const world = new World({
      seed: "privacy",
      onTransmission: ({ startUs, pdu }) => {
        expect([pdu.type, pdu.isAddressRandom, pdu.data.length]).toEqual([3, true, 31]);
        const key = Buffer.from(pdu.data).toString("hex") + Buffer.from(pdu.address).toString("hex");
        if (!minutes.has(key))
          minutes.set(key, { minute: Math.floor(startUs / MINUTE_US), data: pdu.data, address: pdu.address });
      },
    });
    const keyfob = new KeyfobRig(world, {
      image: await wearableImage(),
      onHci: (packet) => {
        if (packet[0] !== 1) return;
        const opcode = (packet[1] as number) | ((packet[2] as number) << 8);
        opcodes.add(opcode);
        if (opcode === 0x200b) scanTypes.add(packet[4] as number);
      },
    });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(HOURS * 60 * MINUTE_US);
    expect([...opcodes].filter((opcode) => ![...ADVERTISING, ...LISTENING].includes(opcode))).toEqual([]);
    expect([...scanTypes]).toEqual([0]);
    expect(minutes.size).toBeGreaterThanOrEqual(HOURS * 60);
    expect(minutes.size).toBeLessThanOrEqual(HOURS * 60 + 2);
    // All that stays is the format: header, company, magic, version, transmit power and age, the same for every keyfob.
    const frames = [...minutes.values()];
    const fixed = Buffer.from("1effffff50410800", "hex");
    for (const { data } of frames) {
      expect(Buffer.from(data.subarray(0, 6))).toEqual(fixed.subarray(0, 6));
      expect([(data[6] as number) & 0x3f, data[7], data[8]]).toEqual([0x08, 0, 0]);
    }
    for (let at = 9; at < 31; at++) expectRandom(frames.map(({ data }) => data[at] as number));
    for (let at = 0; at < 5; at++) expectRandom(frames.map(({ address }) => address[at] as number));
    expect(keyfob.panics).toEqual([]);
  }, 400_000);

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

  it("keeps in flash nothing that opens a row without its seed", async () => {
    const world = new World({ seed: "flash" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage() });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(15 * SECOND_US);
    const minute = minuteOfSeconds(keyfob.worldSeconds());
    const chirps = Array.from({ length: 40 }, (_, i) => chirpOf(sha256, strangersSeed(i), minute));
    for (const chirp of chirps) hear(keyfob, encodeFrame(chirp, -8, 0, TEST_COMPANY), -63);
    world.run(4 * MINUTE_US);
    const { log, settings } = keyfob.device.flash;
    const image = Buffer.concat([Buffer.from(log.bytes), Buffer.from(settings)]);
    let opened = 0;
    for (const chirp of chirps) {
      const at = image.indexOf(chirp.subarray(0, TAG_BYTES));
      expect(at).toBeGreaterThanOrEqual(0);
      expect(image.includes(chirp.subarray(TAG_BYTES, TAG_BYTES + 4))).toBe(false);
      const sealed = image.subarray(at + TAG_BYTES + 1, at + ROW_BYTES);
      expect(openMetadata(sha256, sealed, chirp, minute)).toMatchObject({ maxRssi: -63, txPower: -8, delay: 0 });
      // Without the other 20 bytes: the plain values are not there, nor under the tag alone.
      const guess = openMetadata(
        sha256,
        sealed,
        Buffer.concat([chirp.subarray(0, TAG_BYTES), Buffer.alloc(20)]),
        minute,
      );
      if (sealed[0] === (-63 & 0xff) || guess.maxRssi === -63) opened++;
    }
    expect(opened).toBeLessThan(4);
  });
});

/** Whether bytes that should be random look it: many values, none of them often. */
function expectRandom(bytes: number[]): void {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(Math.max(6, bytes.length / 40));
  expect(counts.size).toBeGreaterThan(Math.min(40, bytes.length / 2));
}
