import { describe, expect, it } from "vitest";
import { Window } from "../shardImport";

/** Plays an import against a device that takes pieces in order, on a line that does what `fate` says to each transmission. */
function play(pieces: number, fate: (transmission: number) => "arrives" | "isLost" | "reportIsLost", limit = 100_000) {
  const window = new Window(0, pieces);
  let taken = 0;
  let toldOfGap = false;
  let sent = 0;
  let mostInFlight = 0;
  while (window.confirmed < pieces) {
    const piece = window.next();
    if (!piece) {
      window.silence();
      continue;
    }
    if (++sent > limit) throw new Error("no end");
    mostInFlight = Math.max(mostInFlight, piece.number - window.confirmed + 1);
    const what = fate(sent);
    if (what === "isLost") continue;
    const isGap = piece.number > taken;
    const reports = piece.ask || (isGap && !toldOfGap);
    if (isGap) toldOfGap = true;
    if (piece.number === taken) {
      taken++;
      toldOfGap = false;
    }
    if (reports && what !== "reportIsLost") window.heard(taken, "Ok");
  }
  return { sent, taken, mostInFlight };
}

describe("the import window", () => {
  it("sends each piece once on a good line, and never more in flight than it may", () => {
    const { sent, taken, mostInFlight } = play(1000, () => "arrives");
    expect([sent, taken]).toEqual([1000, 1000]);
    expect(mostInFlight).toBeLessThanOrEqual(32);
  });

  it("starts with no more in flight than the keyfob's receive buffer holds", () => {
    const window = new Window(0, 100);
    let first = 0;
    while (window.next()) first++;
    expect(first).toBe(6);
  });

  it("recovers from the loss of any one piece, and of any one report", () => {
    for (let lost = 1; lost <= 60; lost++) {
      expect(play(50, (n) => (n === lost ? "isLost" : "arrives")).taken).toBe(50);
      expect(play(50, (n) => (n === lost ? "reportIsLost" : "arrives")).taken).toBe(50);
    }
  });

  it("gets through where a third of everything is lost", () => {
    let state = 7;
    const fate = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const die = (state >>> 16) % 6;
      return die === 0 ? "isLost" : die === 1 ? "reportIsLost" : "arrives";
    };
    const { taken, sent } = play(2000, fate);
    expect(taken).toBe(2000);
    expect(sent).toBeLessThan(20_000);
  });

  it("halves after a loss and grows again afterwards", () => {
    const window = new Window(0, 10_000);
    const run = (reports: number) => {
      for (let i = 0; i < reports; i++) {
        let last = -1;
        for (let piece = window.next(); piece; piece = window.next()) last = piece.number;
        window.heard(last + 1, "Ok");
      }
    };
    run(40);
    const before = window.inFlightLimit;
    expect(before).toBe(32);
    for (let piece = window.next(); piece; piece = window.next());
    window.heard(window.confirmed + 1, "Ok");
    expect(window.inFlightLimit).toBe(16);
    run(20);
    expect(window.inFlightLimit).toBeGreaterThan(16);
  });

  it("goes back once for a burst of reports about the same gap", () => {
    const window = new Window(0, 10_000);
    for (let piece = window.next(); piece; piece = window.next());
    window.heard(2, "Ok");
    const size = window.inFlightLimit;
    for (let i = 0; i < 5; i++) window.heard(2, "Ok");
    expect(window.inFlightLimit).toBe(size);
    expect(window.next()?.number).toBe(2);
  });

  it("does not take the answers to a piece that was sent twice for a loss", () => {
    const window = new Window(0, 10_000);
    for (let piece = window.next(); piece; piece = window.next());
    window.silence();
    for (let piece = window.next(); piece; piece = window.next());
    window.heard(6, "Ok");
    const size = window.inFlightLimit;
    expect(window.next()).toMatchObject({ number: 6 });
    for (let piece = window.next(); piece; piece = window.next());
    window.heard(6 + size, "Ok");
    window.heard(6 + size, "Ok");
    expect(window.next()).toMatchObject({ number: 6 + size });
  });

  it("goes on from where the keyfob stands, ahead of us or not", () => {
    const window = new Window(40, 100);
    expect(window.next()).toMatchObject({ number: 40 });
    window.heard(70, "Ok");
    expect(window.next()).toMatchObject({ number: 70 });
  });

  it("ends when the keyfob closes the import", () => {
    for (const status of ["NotBegun", "BadBlock", "StorageFault"] as const) {
      const window = new Window(0, 10);
      window.heard(3, status);
      expect(window.closedBy).toBe(status);
    }
  });
});
