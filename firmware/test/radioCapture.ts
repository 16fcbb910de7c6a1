// What a keyfob puts on the air, and whether two of its minutes have anything in common.

import { expect } from "vitest";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, MINUTE_US, SECOND_US, wearableImage } from "./keyfobRig";

/** Opcodes that may put something on the air, and the only ones of them that are allowed. */
const ADVERTISING = [0x2005, 0x2006, 0x2008, 0x200a];
const LISTENING = [0x0c01, 0x0c03, 0x1001, 0x2001, 0x2002, 0x2003, 0x200b, 0x200c];

/** Lets a keyfob with a set clock run for hours, and looks at all that it sends, by radio and by itself over USB. */
export async function captureRadio(hours: number): Promise<void> {
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
  keyfob.host.received.length = 0;
  world.run(hours * 60 * MINUTE_US);
  expect([...opcodes].filter((opcode) => ![...ADVERTISING, ...LISTENING].includes(opcode))).toEqual([]);
  expect([...scanTypes]).toEqual([0]);
  expect(minutes.size).toBeGreaterThanOrEqual(hours * 60);
  expect(minutes.size).toBeLessThanOrEqual(hours * 60 + 2);
  for (const part of ["data", "address"] as const)
    expect(new Set([...minutes.values()].map((sent) => Buffer.from(sent[part]).toString("hex"))).size).toBe(
      minutes.size,
    );
  expect(keyfob.host.received).toEqual([]);
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
}

/** Whether bytes that should be random look it: many values, none of them often. */
function expectRandom(bytes: number[]): void {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(Math.max(6, bytes.length / 40));
  expect(counts.size).toBeGreaterThan(Math.min(40, bytes.length / 2));
}
