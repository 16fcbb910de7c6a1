import { describe, expect, it } from "vitest";
import { Command, StateFlag, Status } from "../../protocol/keyfob/codes";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, MINUTE_US, SECOND_US, u16, wearableImage } from "./keyfobRig";

const POWER_GLITCH_US = 20 * SECOND_US;

async function keyfob() {
  const sent: number[] = [];
  const world = new World({ seed: "crash loop", onTransmission: ({ startUs }) => void sent.push(startUs) });
  const rig = new KeyfobRig(world, { image: await wearableImage() });
  world.run(3 * SECOND_US);
  rig.setClock();
  world.run(2 * MINUTE_US);
  return { rig, world, sent };
}

/** The keyfob loses power, as a loose cell makes it, and runs for a while. */
function crash({ rig, world }: { rig: KeyfobRig; world: World }, runUs = POWER_GLITCH_US): void {
  rig.device.powerOff();
  world.run(SECOND_US);
  rig.device.powerOn();
  world.run(runUs);
}

describe("a keyfob that crashes three times within ten minutes", () => {
  it("keeps silent on the air, answers USB and says why, and knows afterwards how often it crashed", async () => {
    const { rig, world, sent } = await keyfob();
    const before = rig.counters().crashes;
    crash({ rig, world });
    crash({ rig, world });
    expect(rig.status().flags & StateFlag.SafeMode).toBe(0);
    crash({ rig, world });
    const sentBefore = sent.length;
    world.run(2 * MINUTE_US);
    expect(sent.length).toBe(sentBefore);
    expect(rig.status().flags & (StateFlag.SafeMode | StateFlag.RadioUp | StateFlag.StorageReady)).toBe(
      StateFlag.SafeMode,
    );
    expect(rig.counters().crashes).toBe(before + 3);
    const request = rig.newRequest();
    expect(rig.call(Command.ResultsBegin, u16(request))[2]).toBe(Status.NotOffered);
    expect(rig.host.address(0x1134ea2b)?.deviceId).toBe(rig.device.deviceId);
    expect(rig.panics).toEqual([]);
  }, 60_000);

  it("tries everything again at the next start, with the counters that it had", async () => {
    const { rig, world, sent } = await keyfob();
    for (let i = 0; i < 3; i++) crash({ rig, world });
    expect(rig.status().flags & StateFlag.SafeMode).not.toBe(0);
    const { crashes } = rig.counters();
    crash({ rig, world }, 2 * MINUTE_US);
    expect(rig.status().flags & StateFlag.SafeMode).toBe(0);
    expect(rig.status().flags & StateFlag.RadioUp).not.toBe(0);
    expect(rig.counters().crashes).toBe(crashes + 1);
    expect(sent.at(-1)).toBeGreaterThan(world.nowUs - 5 * SECOND_US);
  }, 60_000);
});
