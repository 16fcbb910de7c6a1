import { beforeAll, describe, expect, it } from "vitest";
import { sharedFile } from "../../../test/tools";
import { buildBytecode } from "../../build/bytecode";
import { REALISTIC } from "../air/profile";
import { Positions } from "../air/proximity";
import { LoopedRecording, readRecording } from "../air/recorded";
import { VirtualHost } from "../world/host";
import { World } from "../world/world";

const recordings = ["anechoic-090deg", "conference-room-000deg", "conference-room-wall-000deg"].map((name) =>
  sharedFile(`data/ble-${name}.csv.gz`),
);
const START_S = 1_790_002_800;
const MINUTE_US = 60e6;
const MINUTES_TOGETHER = 15;
/** Rows are written at the latest 13 minutes after their chirp. */
const MINUTES_IN_ALL = 30;
/** Offset of rowsWritten in the counters report of services/keyfob.md. */
const ROWS_WRITTEN_AT = 6;
const KEYFOB = { serviceClass: 0x1c4fb003, counters: 0x81, clockSet: 0x82 } as const;

describe.skipIf(recordings.includes(undefined))(
  "phones that advertise hundreds of times a minute around two keyfobs",
  () => {
    /** Two keyfobs a metre apart for a quarter of an hour and then alone: the rows that each wrote and the advertising reports it got. */
    async function meet(recording?: string) {
      const { image } = await buildBytecode("wearable", "firmware/main.ts");
      const stays = (x: number, far: number) => [
        { atUs: 0, x, y: 0 },
        { atUs: MINUTES_TOGETHER * MINUTE_US, x, y: 0 },
        { atUs: MINUTES_TOGETHER * MINUTE_US + 1, x: far, y: 0 },
        { atUs: 3600e6, x: far, y: 0 },
      ];
      const world = new World({
        seed: "phones around keyfobs",
        profile: REALISTIC,
        proximity: new Positions([stays(0, 0), stays(1, 500)]),
        ...(recording ? { recorded: new LoopedRecording(readRecording(recording), new Set([0, 1])) } : {}),
      });
      let reports = 0;
      const keyfobs = [0, 1].map(() =>
        world.add({
          image,
          onHci: (packet) => {
            if (packet[1] === 0x3e) reports++;
          },
          onPanic: (panic) => expect.fail(panic.report.join("\n")),
        }),
      );
      const hosts = keyfobs.map((keyfob) => new VirtualHost(world, keyfob));
      world.run(5e6);
      for (const host of hosts) {
        const clock = Buffer.alloc(8);
        clock.writeUInt32LE(START_S + Math.round(world.nowUs / 1e6));
        clock.writeUInt16LE(1, 4);
        host.request(KEYFOB.serviceClass, KEYFOB.clockSet, clock);
      }
      world.run(MINUTES_IN_ALL * MINUTE_US);
      const rows = hosts.map((host) => {
        const counters = Buffer.from(host.request(KEYFOB.serviceClass, KEYFOB.counters, Uint8Array.of(2, 0)));
        return counters.readUInt32LE(ROWS_WRITTEN_AT);
      });
      return { rows, reports };
    }

    let quiet: Awaited<ReturnType<typeof meet>>;

    beforeAll(async () => {
      quiet = await meet();
    });

    it.each(recordings)(
      "cause no false row and lose no chirp: %s",
      async (recording) => {
        const noisy = await meet(recording);
        expect(noisy.reports).toBeGreaterThan(MINUTES_IN_ALL * 500);
        for (const rows of [...quiet.rows, ...noisy.rows]) {
          expect(rows).toBeGreaterThanOrEqual(MINUTES_TOGETHER - 1);
          expect(rows).toBeLessThanOrEqual(MINUTES_TOGETHER + 1);
        }
        expect(noisy.rows).toEqual(quiet.rows);
      },
      300_000,
    );
  },
);
