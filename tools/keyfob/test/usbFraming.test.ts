import { crc, UsbBridgeCmd } from "jacdac-ts";
import { describe, expect, it } from "vitest";
import { bridgeFrame, isBridgeFrame, MAX_FRAME_BYTES, UsbFrameDecoder, WRITE_BYTES, wrapFrame } from "../usbFraming";

/** A frame with one packet of `length` bytes, a multiple of 4, all of them `fill`. */
function frameOf(length: number, fill: number): Buffer {
  const frame = Buffer.alloc(12 + 4 + length, fill);
  frame[2] = 4 + length;
  frame[3] = 0;
  frame.writeUInt16LE(crc(frame.subarray(2)), 0);
  return frame;
}

function decode(...chunks: Uint8Array[]) {
  const frames: string[] = [];
  const lines: string[] = [];
  const decoder = new UsbFrameDecoder({
    frame: (frame) => frames.push(frame.toString("hex")),
    logLine: (line) => lines.push(line),
  });
  for (const chunk of chunks) decoder.push(chunk);
  return { frames, lines, decoder };
}

const hex = (frame: Buffer) => frame.toString("hex");

describe("the serial framing", () => {
  it("brings frames across whole, wherever the stream is cut", () => {
    const sent = [frameOf(0, 1), frameOf(8, 0xfe), frameOf(236, 0xfc)];
    const stream = Buffer.concat(sent.map(wrapFrame));
    for (const size of [1, 2, 7, 63, 64, 65, stream.length]) {
      const chunks = [];
      for (let i = 0; i < stream.length; i += size) chunks.push(stream.subarray(i, i + size));
      expect(decode(...chunks).frames).toEqual(sent.map(hex));
    }
  });

  it("pads every write to whole blocks of 64 bytes with zeros, which are no log text", () => {
    for (let length = 0; length <= 236; length += 4)
      expect(wrapFrame(frameOf(length, 0xfe)).length % WRITE_BYTES).toBe(0);
    const { decoder } = decode(wrapFrame(frameOf(4, 7)));
    expect(decoder.strayBytes).toBe(0);
  });

  it("enables packets with the bytes that the boards know", () => {
    const frame = bridgeFrame(UsbBridgeCmd.EnablePackets);
    expect(hex(frame).slice(4)).toBe("0445" + "4a1af618" + "aaaaaaaa" + "00" + "3d" + "8100");
    expect(frame.readUInt16LE(0)).toBe(crc(frame.subarray(2)));
    expect(isBridgeFrame(frame)).toBe(true);
    expect(isBridgeFrame(frameOf(4, 0))).toBe(false);
  });

  it("gives the text outside frames as log lines", () => {
    const text = (s: string) => Buffer.from(s);
    const frame = frameOf(4, 3);
    const { lines, frames } = decode(text("boot"), text("ing\r\nready\n"), wrapFrame(frame), text("more"));
    expect(lines).toEqual(["booting", "ready"]);
    expect(frames).toEqual([hex(frame)]);
  });

  it("loses only the frames that were hit when any one byte is lost", () => {
    const sent = [frameOf(8, 0xfe), frameOf(12, 5), frameOf(4, 0xfd)];
    const wrapped = sent.map(wrapFrame);
    const stream = Buffer.concat(wrapped);
    for (let lost = 0; lost < stream.length; lost++) {
      const { frames } = decode(stream.subarray(0, lost), stream.subarray(lost + 1));
      const hit = Math.floor(lost / wrapped[0].length);
      for (const [i, frame] of sent.entries())
        if (i !== hit && i !== hit + 1) expect(frames, `byte ${lost}`).toContain(hex(frame));
      for (const frame of frames) expect(sent.map(hex)).toContain(frame);
    }
  });

  it("accepts no damaged frame when any one byte is changed", () => {
    const frame = frameOf(16, 0x41);
    const stream = wrapFrame(frame);
    for (let at = 0; at < stream.length; at++)
      for (const value of [0, 0xfe, 0xfc, 0xfd, 0xff, 0x42]) {
        const changed = Buffer.from(stream);
        changed[at] = value;
        for (const got of decode(changed).frames) expect(got).toBe(hex(frame));
      }
  });

  it("finds the next frame after a start without end, an end without start, and a frame too long", () => {
    const good = frameOf(4, 9);
    const tooLong = Buffer.concat([
      Buffer.from([0xfe, 0xfc]),
      Buffer.alloc(MAX_FRAME_BYTES + 40, 1),
      Buffer.from([0xfe, 0xfd]),
    ]);
    for (const junk of [[0xfe, 0xfc, 1, 2], [0xfe, 0xfd], [0xfe, 0xfe, 0xfe], [0xfe], [...tooLong]])
      expect(decode(Buffer.from(junk), wrapFrame(good), wrapFrame(good)).frames, String(junk.slice(0, 4))).toContain(
        hex(good),
      );
  });

  it("survives a megabyte of garbage with bounded memory and then still hears frames", () => {
    let state = 1;
    const garbage = Buffer.alloc(1_000_000);
    for (let i = 0; i < garbage.length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      garbage[i] = state >>> 16;
    }
    const good = frameOf(4, 9);
    const { frames, decoder } = decode(garbage, wrapFrame(good), wrapFrame(good));
    expect(frames).toContain(hex(good));
    expect(decoder.strayBytes).toBeGreaterThan(1000);
  });
});
