import { describe, expect, it } from "vitest";
import { blankNorFlash, NorFlash, PowerCut, SECTOR_BYTES } from "../device/norFlash";

const make = (cutPoint?: () => number): NorFlash => new NorFlash(blankNorFlash(4 * SECTOR_BYTES), cutPoint);

describe("NOR flash", () => {
  it("programs erased cells and reads them back", () => {
    const flash = make();
    expect(flash.program(10, Uint8Array.of(1, 2, 3))).toBe("ok");
    expect([...(flash.read(9, 5) as Uint8Array)]).toEqual([0xff, 1, 2, 3, 0xff]);
  });

  it("lets a program clear further bits, also with the same bytes again", () => {
    const flash = make();
    flash.program(0, Uint8Array.of(0xf0));
    expect(flash.program(0, Uint8Array.of(0xf0))).toBe("ok");
    expect(flash.program(0, Uint8Array.of(0x30))).toBe("ok");
    expect(flash.read(0, 1)?.[0]).toBe(0x30);
  });

  it("refuses to set a bit without an erase, changes nothing, and counts the violation", () => {
    const flash = make();
    flash.program(0, Uint8Array.of(0xff, 0x0f));
    expect(flash.program(0, Uint8Array.of(0x00, 0x1f))).toBe("notErased");
    expect([...(flash.read(0, 2) as Uint8Array)]).toEqual([0xff, 0x0f]);
    expect(flash.ruleViolations).toBe(1);
  });

  it("refuses what crosses a sector or leaves the chip", () => {
    const flash = make();
    expect(flash.program(SECTOR_BYTES - 1, Uint8Array.of(0, 0))).toBe("outOfRange");
    expect(flash.program(4 * SECTOR_BYTES, Uint8Array.of(0))).toBe("outOfRange");
    expect(flash.program(0, new Uint8Array(0))).toBe("outOfRange");
    expect(flash.erase(1)).toBe("outOfRange");
    expect(flash.erase(4 * SECTOR_BYTES)).toBe("outOfRange");
    expect(flash.read(4 * SECTOR_BYTES - 1, 2)).toBeUndefined();
  });

  it("erases one sector to ones and counts its wear", () => {
    const flash = make();
    flash.program(SECTOR_BYTES, Uint8Array.of(0));
    flash.program(2 * SECTOR_BYTES, Uint8Array.of(0));
    expect(flash.erase(SECTOR_BYTES)).toBe("ok");
    expect(flash.read(SECTOR_BYTES, 1)?.[0]).toBe(0xff);
    expect(flash.read(2 * SECTOR_BYTES, 1)?.[0]).toBe(0);
    expect([...flash.state.erases]).toEqual([0, 1, 0, 0]);
  });

  it("leaves a program half done when the power fails in it", () => {
    const flash = make(() => 0.5);
    flash.cutPowerAt(2);
    flash.program(100, Uint8Array.of(0));
    expect(() => flash.program(0, Uint8Array.of(0, 0, 0, 0))).toThrow(PowerCut);
    expect([...(flash.read(0, 4) as Uint8Array)]).toEqual([0, 0, 0x55, 0xff]);
    expect(flash.program(0, Uint8Array.of(0, 0, 0, 0))).toBe("ok");
  });

  it("leaves an erase half done when the power fails in it", () => {
    const flash = make(() => 0.25);
    for (let at = 0; at < SECTOR_BYTES; at += 128) flash.program(at, new Uint8Array(128));
    flash.cutPowerAt(1);
    expect(() => flash.erase(0)).toThrow(PowerCut);
    expect(flash.read(SECTOR_BYTES / 4 - 1, 2)).toEqual(Uint8Array.of(0xff, 0x0f));
  });

  it("rots a bit on demand", () => {
    const flash = make();
    flash.rot(5, 3);
    expect(flash.read(5, 1)?.[0]).toBe(0xf7);
  });

  it("consists of whole sectors", () => {
    expect(() => blankNorFlash(5000)).toThrow(RangeError);
  });
});
