import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { buildBytecode } from "../../build/bytecode";
import { makeKey, makeShard, randomSeeds, type TestKey } from "../../cli/test/shardFixture";
import { SeededRandom } from "../../sim/core/random";
import { openTcpPort, type Port, type RealTime } from "../../sim/usb/ports";
import { World } from "../../sim/world/world";
import { BoardConnection } from "../board";
import { Keyfob } from "../keyfob";
import { importShard } from "../shardImport";

/** 1.5 Mbaud, ten bits a byte. */
const LINE_BYTES_PER_SECOND = 150_000;
/** A region with 100 cases a day of 14 days each: seeds of one hour. */
const SEEDS_AN_HOUR = 1400;
/** A week takes a minute or two here: CHIRPFOB_WEEK=1 streams it; a quarter of a day shows the same rate. */
const HOURS = process.env.CHIRPFOB_WEEK ? 168 : 6;

let world: World;
let port: Port;
let key: TestKey;
let file: Buffer;
let isStopped = false;

beforeAll(async () => {
  const { image } = await buildBytecode("wearable", "firmware/main.ts");
  key = makeKey();
  const firstHour = hourOfSeconds(Date.now() / 1000) - HOURS - 2;
  file = makeShard(key, "US-MA", 1, randomSeeds(firstHour, HOURS, HOURS * SEEDS_AN_HOUR));
  world = new World({ seed: "import rate" });
  const device = world.add({ image });
  world.run(8e6);
  // The line and the device run on simulated time, in steps of a millisecond between which the host may react: the figure
  // is that of the line, not of this machine.
  const live: RealTime = { scheduler: world.scheduler, catchUp: () => {}, nudge: () => {} };
  port = await openTcpPort(live, device, 0, {
    random: new SeededRandom("line"),
  });
  void (async () => {
    while (!isStopped) {
      world.run(1000);
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
}, 240_000);
afterAll(async () => {
  isStopped = true;
  await port.close();
});

describe("an import over a 1.5 Mbaud line", () => {
  it("carries shards at no less than 60 % of the line's rate", async () => {
    const board = await BoardConnection.open(port.address);
    try {
      const keyfob = await Keyfob.on(board, 20_000);
      await keyfob.addRegionKey("US-MA", key.publicKey);
      await keyfob.setClock(Date.now);
      const startUs = world.nowUs;
      let endUs = startUs;
      const outcome = await importShard(keyfob, file, {
        transferred: (bytes, of) => {
          if (bytes === of) endUs = world.nowUs;
        },
      });
      expect(outcome).toBe("verified");
      const seconds = (endUs - startUs) / 1e6;
      const share = file.length / seconds / LINE_BYTES_PER_SECOND;
      process.stderr.write(
        `import: ${file.length} bytes in ${seconds.toFixed(1)} s of the line's time, ${Math.round(share * 100)} % of its rate\n`,
      );
      expect(share).toBeGreaterThanOrEqual(0.6);
    } finally {
      await board.close();
    }
  });
});
