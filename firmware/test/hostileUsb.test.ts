// A hostile computer at the cable of a keyfob that runs the real program in DeviceScript's VM: with the gate of
// firmware/native between them, and, to show that the attacks are real, without it.

import { describe, expect, it } from "vitest";
import { Command, Purpose } from "../../protocol/keyfob/codes";
import type { SimDevice } from "../../tools/sim/device/device";
import { decodeFrame, encodeFrame, type Packet } from "../../tools/sim/jacdac/frame";
import { HostTimeout } from "../../tools/sim/world/host";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, SECOND_US, u16, wearableImage } from "./keyfobRig";

const SETTINGS = 0x1107dc4a;
const DEBUGGER = 0x155b5b40;
const ROLE_MANAGER = 0x1e4b7e66;
const SETTING_GET = 0x80;
const SETTING_SET = 0x81;
const DEBUGGER_READ_FIBERS = 0x80;
const DEBUGGER_HALT = 0x94;
const ROLES_AUTO_BIND = 0x1080;
/** Counts the keyfob's starts; every program has it. */
const SETTING = Buffer.from("starts\0");
const CONSENT_PENDING = 0x200;
const CONSENT_GRANTED = 0x400;

/** The simulator's peripherals: the button is their third service. */
const PERIPHERAL_ID_MASK = 0x5ca1ab1e_00c0ffeen;
const BUTTON_INDEX = 3;
const BUTTON_UP = 0x8102;

/** What the computer takes for granted about every keyfob: the order of the runtime's services. */
interface Layout {
  readonly [serviceClass: number]: number;
}

async function keyfobAtCable(stockRuntime: boolean): Promise<{ rig: KeyfobRig; world: World; heard: Packet[] }> {
  const world = new World({ seed: "hostile" });
  const rig = new KeyfobRig(world, { image: await wearableImage(), stockRuntime });
  const heard: Packet[] = [];
  const { usb } = rig.device;
  rig.device.usb = {
    ...usb,
    frame: (frame) => {
      heard.push(...decodeFrame(frame));
      usb?.frame(frame);
    },
    log: () => undefined,
    reset: () => undefined,
  };
  world.run(3 * SECOND_US);
  rig.setClock();
  world.run(15 * SECOND_US);
  return { rig, world, heard };
}

/** Indexes of the runtime's services, as a device without the gate announces them. */
async function layout(): Promise<Layout> {
  const { rig } = await keyfobAtCable(true);
  const classes = [SETTINGS, DEBUGGER, ROLE_MANAGER];
  return Object.fromEntries(classes.map((c) => [c, rig.host.address(c)?.serviceIndex as number]));
}

function command(device: SimDevice, serviceIndex: number, code: number, data: Uint8Array = new Uint8Array(0)): void {
  const { deviceId } = device;
  device.usbReceive(encodeFrame({ deviceId, isCommand: true, serviceIndex, command: code, data }));
}

/** A press of the button, as the button's service would report it. */
function forgePress(device: SimDevice): void {
  const deviceId = device.deviceId ^ PERIPHERAL_ID_MASK;
  const data = Buffer.from([120, 0, 0, 0]);
  device.usbReceive(encodeFrame({ deviceId, isCommand: false, serviceIndex: BUTTON_INDEX, command: BUTTON_UP, data }));
}

function answers(heard: readonly Packet[], device: SimDevice, serviceIndex: number, code: number): Packet[] {
  return heard.filter(
    (p) => !p.isCommand && p.deviceId === device.deviceId && p.serviceIndex === serviceIndex && p.command === code,
  );
}

/** Everything that a hostile computer tries; what came of it. */
async function attack(stockRuntime: boolean) {
  const indexes = await layout();
  const { rig, world, heard } = await keyfobAtCable(stockRuntime);
  const { device } = rig;
  const of = (serviceClass: number): number => indexes[serviceClass] as number;
  const seenUnasked = heard.filter((p) => p.isCommand || p.serviceIndex === of(SETTINGS)).length;
  heard.length = 0;

  command(device, of(SETTINGS), SETTING_GET, SETTING);
  command(device, of(ROLE_MANAGER), ROLES_AUTO_BIND);
  world.run(SECOND_US);
  const settingRead = answers(heard, device, of(SETTINGS), SETTING_GET).length > 0;
  const rolesRead = answers(heard, device, of(ROLE_MANAGER), ROLES_AUTO_BIND).length > 0;

  command(device, of(SETTINGS), SETTING_SET, Buffer.concat([SETTING, Buffer.from([0xee, 0xee, 0xee, 0xee])]));
  world.run(SECOND_US);
  const settingWritten = Buffer.from(device.flash.settings).includes(Buffer.from([0xee, 0xee, 0xee, 0xee]));

  rig.call(Command.ConsentAsk, Buffer.concat([u16(rig.newRequest()), Buffer.from([Purpose.Export])]));
  world.run(2 * SECOND_US);
  forgePress(device);
  world.run(SECOND_US);
  const flags = rig.status().flags & (CONSENT_PENDING | CONSENT_GRANTED);

  command(device, of(DEBUGGER), DEBUGGER_HALT);
  command(device, of(DEBUGGER), DEBUGGER_READ_FIBERS);
  world.run(SECOND_US);
  let halted = false;
  try {
    rig.status();
  } catch (error) {
    if (!(error instanceof HostTimeout)) throw error;
    halted = true;
  }
  return { seenUnasked, settingRead, rolesRead, settingWritten, flags, halted };
}

describe("a hostile computer at the cable", () => {
  it("reads and writes no setting, binds no role, halts no program and forges no press of the button", async () => {
    expect(await attack(false)).toEqual({
      seenUnasked: 0,
      settingRead: false,
      rolesRead: false,
      settingWritten: false,
      flags: CONSENT_PENDING,
      halted: false,
    });
  }, 60_000);

  it("does all of that to a runtime without the gate of firmware/native", async () => {
    const { seenUnasked, ...done } = await attack(true);
    expect(seenUnasked).toBeGreaterThan(0);
    expect(done).toEqual({
      settingRead: true,
      rolesRead: true,
      settingWritten: true,
      flags: CONSENT_GRANTED,
      halted: true,
    });
  }, 60_000);

  it("is shown the keyfob service and the program manager, and of the rest not even that it is there", async () => {
    const { rig, heard } = await keyfobAtCable(false);
    const announced = heard.filter((p) => p.serviceIndex === 0 && p.command === 0);
    const classes = new Set<number>();
    for (const { data } of announced)
      for (let at = 4; at + 4 <= data.length; at += 4) classes.add(Buffer.from(data).readUInt32LE(at));
    expect(classes).toEqual(new Set([0x1134ea2b, 0x1c4fb003, 0xffffffff]));
    expect(rig.host.address(0x1134ea2b)?.deviceId).toBe(rig.device.deviceId);
  }, 60_000);
});
