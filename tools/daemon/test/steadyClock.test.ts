import { describe, expect, it } from "vitest";
import { SteadyClock } from "../steadyClock";

const DAY = 86_400;
const START = 1_800_000_000;

describe("The steady clock", () => {
  const make = () => {
    const time = { wall: START, monotonic: 5 };
    const clock = new SteadyClock(
      () => time.wall,
      () => time.monotonic,
    );
    const pass = (seconds: number) => {
      time.wall += seconds;
      time.monotonic += seconds;
    };
    return { time, clock, pass };
  };

  it.each([40 * DAY, 75 * 60, -3600])(
    "goes on when the machine's clock jumps by %i s, says so, and is right when that is",
    (jump) => {
      const { time, clock, pass } = make();
      pass(100);
      time.wall += jump;
      pass(75);
      expect(clock.now()).toBe(START + 175);
      expect(clock.look(START)).toEqual({ isRight: false, why: "jumped", bySeconds: jump });
      time.wall -= jump;
      pass(1);
      expect(clock.look(START)).toEqual({ isRight: true });
      expect(clock.now()).toBe(START + 176);
    },
  );

  it("follows small differences, a second at a look", () => {
    const { time, clock } = make();
    time.wall += 10;
    for (let i = 1; i <= 12; i++) {
      expect(clock.look(undefined).isRight).toBe(true);
      expect(clock.now()).toBe(START + Math.min(10, i));
    }
  });

  it("is not trusted while it is behind what the database saw", () => {
    const { clock, pass } = make();
    expect(clock.look(START + 3600)).toMatchObject({ isRight: false, why: "behind" });
    expect(clock.look(START + 200)).toEqual({ isRight: true });
    pass(3600);
    expect(clock.look(START + 3600)).toEqual({ isRight: true });
  });

  it("is not trusted after more than a day away, until somebody confirms it or it has run for a day", () => {
    const first = make();
    expect(first.clock.look(START - DAY + 60)).toEqual({ isRight: true });
    expect(first.clock.look(START - 40 * DAY)).toMatchObject({ isRight: false, why: "away", bySeconds: 40 * DAY });
    first.clock.confirm();
    expect(first.clock.look(START - 40 * DAY)).toEqual({ isRight: true });
    const second = make();
    second.pass(DAY);
    expect(second.clock.look(START - 40 * DAY)).toEqual({ isRight: true });
  });
});
