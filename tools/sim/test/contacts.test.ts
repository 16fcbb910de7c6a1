import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sharedFile } from "../../../test/tools";
import { LoopedRecording, parseRecording, readRecording } from "../air/recorded";
import { calendarShift } from "../contacts/calendar";
import { ContactFileError, contactMinutes, parseContacts, readContacts, select } from "../contacts/contactList";
import { ContactProximity, contactRuns } from "../contacts/contactProximity";

const LIST = "120\t7\t8\n140\t7\t8\n140\t8\t9\n200\t7\t8\n";

describe("a contact list", () => {
  it("is read plain or gzipped, with tabs, spaces or commas, and further columns", () => {
    const folder = mkdtempSync(join(tmpdir(), "chirpfob-"));
    writeFileSync(join(folder, "a.tij"), LIST);
    writeFileSync(join(folder, "b.tij.gz"), gzipSync(LIST.replaceAll("\t", " ")));
    const contacts = readContacts(join(folder, "a.tij"));
    expect(contacts).toHaveLength(4);
    expect(contacts[0]).toEqual({ endS: 120, a: "7", b: "8" });
    expect(readContacts(join(folder, "b.tij.gz"))).toEqual(contacts);
    expect(parseContacts("120,7,8,2A,2B\n", "c")).toEqual([contacts[0]]);
    expect(parseContacts("\uFEFF120 7 8\r\n", "d")).toEqual([contacts[0]]);
  });

  it("is put into the order of time", () => {
    expect(parseContacts("140 1 2\n120 1 2\n", "x").map((c) => c.endS)).toEqual([120, 140]);
  });

  it.each([
    ["120 7 8\n140 7\n", /x\.tij:2: a line needs time and two people/],
    ["120 7 8\n\n# note\nnoon 7 8\n", /x\.tij:4: the time must be in whole seconds: "noon 7 8"/],
    ["120 7 8\n140.5 7 8\n", /x\.tij:2: the time must be in whole seconds/],
    ["120 7 8\n4102358400 7 8\n", /x\.tij:2: the time must be in Unix seconds before the end of 2099/],
    ["120 7 8\n140 7 \u001b[2J\n", /x\.tij:2: a person's name must be printable: "140 7 \\u001b\[2J"/],
    ["120 7 7\n", /x\.tij:1: a person is not in contact with himself/],
    ["\n", /x\.tij holds no contacts/],
  ])("that is bad (%j) is refused with the line's number", (text, message) => {
    expect(() => parseContacts(text, "x.tij")).toThrow(ContactFileError);
    expect(() => parseContacts(text, "x.tij")).toThrow(message);
  });

  it("that cannot be read says so", () => {
    expect(() => readContacts("/nonexistent.tij")).toThrow(/cannot read the contact list \/nonexistent\.tij/);
  });

  it("gives the most connected people, or those named, and the span asked for", () => {
    const contacts = parseContacts(LIST, "x");
    expect(select(contacts).people).toEqual(["7", "8", "9"].sort((a, b) => (a === "8" ? -1 : b === "8" ? 1 : 0)));
    expect(select(contacts, { people: 2 }).people).toEqual(["8", "7"]);
    expect(select(contacts, { people: ["9", "8"] }).contacts).toEqual([{ endS: 140, a: "8", b: "9" }]);
    expect(select(contacts, { fromS: 141 }).contacts).toEqual([{ endS: 200, a: "7", b: "8" }]);
    expect(() => select(contacts, { people: ["42"] })).toThrow(/does not know 42/);
    expect(() => select(contacts, { fromS: 500, toS: 400 })).toThrow(/empty/);
    expect(() => select(contacts, { fromS: 5000, toS: 6000 })).toThrow(/nobody/);
  });

  it("tells in which minutes two people were in contact", () => {
    const scene = select(parseContacts(LIST, "x"));
    expect([...contactMinutes(scene, "8", "7")]).toEqual([1, 2, 3]);
    expect([...contactMinutes(scene, "7", "9")]).toEqual([]);
    expect([...contactMinutes({ ...scene, toS: 190 }, "7", "8")]).toEqual([1, 2, 3]);
    expect([...contactMinutes({ ...scene, fromS: 120 }, "7", "8")]).toEqual([2, 3]);
  });

  it("of the real conference is understood", ({ skip }) => {
    const file = sharedFile("data/contacts-ws16.tij.gz");
    if (!file) return skip("the contact list is not here");
    const contacts = readContacts(file);
    expect(contacts).toHaveLength(153_371);
    expect(select(contacts).people).toHaveLength(138);
  });
});

describe("the calendar of simulated devices", () => {
  it("is whole weeks ahead of an old list, so that keyfobs accept it, and no time ahead of a new one", () => {
    const shift = calendarShift(1_480_500_000);
    expect(shift % (7 * 86_400)).toBe(0);
    expect(new Date((1_480_500_000 + shift) * 1000).getUTCFullYear()).toBe(2024);
    expect(calendarShift(1_790_000_000)).toBe(0);
  });
});

describe("proximity from a contact list", () => {
  it("joins seconds that follow each other and puts people within 1.5 m for their span", () => {
    const numbered = parseContacts(LIST, "x").map((c) => ({ endS: c.endS, a: Number(c.a), b: Number(c.b) }));
    const runs = contactRuns(numbered, 100);
    expect(runs).toEqual([
      { a: 7, b: 8, fromUs: 0, toUs: 40e6 },
      { a: 8, b: 9, fromUs: 20e6, toUs: 40e6 },
      { a: 7, b: 8, fromUs: 80e6, toUs: 100e6 },
    ]);
    const proximity = new ContactProximity(runs, 1);
    const near = (radio: number, atUs: number): number[] => {
      const found: number[] = [];
      proximity.forEachNear(radio, atUs, 0, (other, distanceM) => {
        found.push(other);
        expect(distanceM).toBeGreaterThanOrEqual(0.5);
        expect(distanceM).toBeLessThan(1.5);
      });
      return found;
    };
    expect(near(8, 0)).toEqual([7]);
    expect(near(8, 20e6)).toEqual([7, 9]);
    expect(near(9, 39_999_999)).toEqual([8]);
    expect(near(8, 40e6)).toEqual([]);
    expect(near(7, 99e6)).toEqual([8]);
    expect(near(5, 99e6)).toEqual([]);
  });
});

describe("recorded traffic", () => {
  const HEADER = "us,pdu_type,tx_add_random,rssi_dbm,adv_a,adv_data\n";

  it("leaves out scan responses, which a passive scanner does not report", () => {
    const text = `${HEADER}0,0,1,-45,5bce73afb223,020106\n10,4,1,-45,5bce73afb223,\n20,6,0,-46,001122334455,\n`;
    const packets = parseRecording(text, "x.csv");
    expect(packets.map((p) => p.event.pdu.type)).toEqual([0, 2]);
    expect(packets[0]).toMatchObject({ rssiDbm: -45, sender: -1 });
    expect(Buffer.from(packets[0]?.event.pdu.address ?? []).toString("hex")).toBe("23b2af73ce5b");
  });

  it("refuses a line that is no packet, with its number", () => {
    expect(() => parseRecording(`${HEADER}0,0,1,-45,5bce73afb223,02010\n`, "x.csv")).toThrow(
      /x\.csv:2: not a recorded/,
    );
  });

  it("is played over and over", () => {
    const packets = parseRecording(`${HEADER}0,0,1,-45,5bce73afb223,\n9000,0,1,-45,5bce73afb223,\n`, "x");
    const looped = new LoopedRecording(packets, new Set([0]));
    const starts = [...looped.between(5_000, 25_000)].map((packet) => packet.event.startUs);
    expect(starts).toEqual([9_000, 10_000, 19_000, 20_000]);
  });

  it("of real phones is understood", ({ skip }) => {
    const file = sharedFile("data/ble-conference-room-000deg.csv.gz");
    if (!file) return skip("the recording is not here");
    expect(readRecording(file).length).toBe(113 + 4097 + 7546);
  });
});
