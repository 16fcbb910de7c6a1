import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../base/formatError";
import { decodeGaenFrame, encodeGaenFrame, findGaenData } from "../beacon/gaen";
import * as arb from "./arbitraries";

const RPI = Buffer.from("8be6cd371c5c891604bfbe49df845096", "hex");
const AEM = Buffer.from("72033874", "hex");
const IPHONE = `02011a03036ffd17166ffd${RPI.toString("hex")}${AEM.toString("hex")}`;
const ANDROID = IPHONE.slice(6);

describe("a phone's frame", () => {
  it("is laid out as iPhones and Android phones send it", () => {
    expect(encodeGaenFrame(RPI, AEM, true).toString("hex")).toBe(IPHONE);
    expect(encodeGaenFrame(RPI, AEM, false).toString("hex")).toBe(ANDROID);
  });

  it.each([
    ["with Flags first", IPHONE],
    ["with other Flags", IPHONE.replace("02011a", "020106")],
    ["without Flags", ANDROID],
    ["with Flags last", `${ANDROID}02011a`],
    ["with its service data first", `${ANDROID.slice(8)}03036ffd`],
  ])("is read %s", (_, hex) => {
    expect(decodeGaenFrame(Buffer.from(hex, "hex"))).toEqual({ rpi: RPI, aem: AEM });
  });

  it.each([
    ["of 27 bytes", ANDROID.slice(0, -2), "gaen.advData at offset 27: 27 bytes, must be 31 with Flags or 28 without"],
    ["of 32 bytes", `${IPHONE}00`, "gaen.advData at offset 31: 32 bytes"],
    ["of another service", IPHONE.replaceAll("6ffd", "6ffe"), "gaen.serviceData"],
    [
      "with service data that is a byte short",
      `${ANDROID.slice(0, 8)}16166ffd${"00".repeat(19)}00`,
      "gaen.serviceData",
    ],
    ["whose structures run past the end", `1f${IPHONE.slice(2)}`, "gaen.serviceData"],
    ["with a structure of no length", `00${IPHONE.slice(2)}`, "gaen.serviceData"],
    ["that is a chirp", "1effffff504188f800da334732530029d7f4516adf4e551df4a472372d7ce3", "gaen.serviceData"],
  ])("%s is refused", (_, hex, message) => {
    const advData = Buffer.from(hex, "hex");
    expect(() => decodeGaenFrame(advData)).toThrow(message);
    expect(findGaenData(advData)).toBe(-1);
  });

  it("comes back from either layout, and hostile ones are refused with field and offset or hold 20 bytes", () => {
    let refused = 0;
    const runs = 5_000;
    const inputs = fc.oneof(arb.hostile(arb.gaenFrame), arb.bytes(28), arb.bytes(31));
    fc.assert(
      fc.property(inputs, (input) => {
        try {
          const { rpi, aem } = decodeGaenFrame(input);
          if (rpi.length !== 16 || aem.length !== 4 || input.indexOf(Buffer.concat([rpi, aem])) < 0)
            throw new Error("made up");
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          if (error.offset > input.length) throw new Error(`offset ${error.offset} of ${input.length}`);
          refused++;
        }
      }),
      { numRuns: runs, seed: 8 },
    );
    expect(refused).toBeGreaterThan(runs / 4);
  });
});
