import type { Turn } from "../../base/turn";
import { BlueNrgMs } from "../../chips/blueNrgMs";
import { SpiDevice } from "../../chips/spiDevice";
import { SpiHciTransport } from "../../chips/spiHciTransport";
import { SpiNorStore } from "../../chips/spiNorStore";
import { BlueNrgModel } from "./blueNrgModel";
import type { ChipCase } from "./chipCase";
import { Desk, type Scheduler } from "./desk";
import { expectEqual, expectThrows } from "./expect";
import { type NorKind, NorModel, sfdpOf } from "./norModel";

/** Small enough for the VM's heap; the driver believes SFDP or the JEDEC id, not the model's cells. */
const CELLS = 8192;
const W25Q16: NorKind = { jedecId: [0xef, 0x40, 0x15], sfdp: sfdpOf(2 * 1024 * 1024) };
const GD25_WITHOUT_SFDP: NorKind = { jedecId: [0xc8, 0x40, 0x14], sfdp: [] };
const MX25L256: NorKind = { jedecId: [0xc2, 0x20, 0x19], sfdp: sfdpOf(32 * 1024 * 1024) };
const UNKNOWN: NorKind = { jedecId: [0x1f, 0x86, 0x01], sfdp: [] };

class NorDesk {
  readonly desk: Desk;
  readonly turn: Turn;
  readonly model: NorModel;
  readonly chip: SpiDevice;

  constructor(scheduler: Scheduler, kind: NorKind) {
    this.desk = new Desk(scheduler);
    this.turn = this.desk.turn();
    this.model = new NorModel(CELLS, kind);
    this.chip = new SpiDevice(this.desk, this.turn, this.desk.place(this.model));
  }

  async open(): Promise<SpiNorStore> {
    return await SpiNorStore.open(this.chip, this.desk);
  }

  done(): void {
    expectEqual("violations", this.desk.violations.join("; "), "");
    expectEqual("commands sent while busy", this.model.ignored, 0);
  }
}

function pattern(length: number, first: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (first + 7 * i) & 0xff;
  return bytes;
}

async function sizeComesFromSfdp(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  expectEqual("size", (await d.open()).size, 2 * 1024 * 1024);
  d.done();
}

async function sizeComesFromTheIdWhereThereIsNoSfdp(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, GD25_WITHOUT_SFDP);
  expectEqual("size", (await d.open()).size, 1024 * 1024);
  d.done();
}

async function largeChipsAreUsedAsFarAsThreeAddressBytesReach(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, MX25L256);
  expectEqual("size", (await d.open()).size, 16 * 1024 * 1024);
  d.done();
}

async function absentAndUnknownChipsAreErrors(scheduler: Scheduler): Promise<void> {
  const absent = new NorDesk(scheduler, W25Q16);
  absent.model.absent = true;
  await expectThrows(async () => {
    await absent.open();
  }, "no SPI NOR chip answers");
  const shorted = new NorDesk(scheduler, W25Q16);
  shorted.model.shorted = true;
  await expectThrows(async () => {
    await shorted.open();
  }, "no SPI NOR chip answers");
  const unknown = new NorDesk(scheduler, UNKNOWN);
  await expectThrows(async () => {
    await unknown.open();
  }, "flash chip 1f8601 has no 4 KB erase");
}

async function programsAcrossPages(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  const data = pattern(224, 1);
  await store.program(200, data);
  expectEqual("held", (await store.read(200, 224)).toString("hex"), data.toString("hex"));
  expectEqual("before", (await store.read(196, 4)).toString("hex"), "ffffffff");
  expectEqual("page programs", d.model.operations, 2);
  d.done();
}

async function erasesOneSector(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  await store.program(4090, pattern(6, 1));
  await store.program(4096, pattern(6, 1));
  await store.erase(4096);
  expectEqual(
    "sector 0 kept",
    (await store.read(4090, 12)).toString("hex"),
    `${pattern(6, 1).toString("hex")}ffffffffffff`,
  );
  d.done();
}

async function readsStridedPieces(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  await store.program(0, Buffer.from([1, 2, 3]));
  await store.program(4096, Buffer.from([4, 5, 6]));
  expectEqual("pieces", (await store.readStrided(0, 4096, 3, 2)).toString("hex"), "010203040506");
  d.done();
}

async function aBitThatIsAlreadyZeroIsAnError(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  await store.program(16, Buffer.from([0x0f]));
  await expectThrows(async () => await store.program(16, Buffer.from([0xf0])), "the cell holds 0 instead of 240");
  d.done();
}

async function outOfBoundsIsRefused(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  await expectThrows(async () => await store.program(4000, pattern(100, 0)), "out of bounds");
  await expectThrows(async () => await store.program(0, Buffer.alloc(0)), "out of bounds");
  await expectThrows(async () => await store.program(2 * 1024 * 1024, pattern(1, 0)), "behind the end");
  await expectThrows(async () => await store.erase(100), "not the start of a sector");
  await expectThrows(async () => {
    await store.read(0, 225);
  }, "out of bounds");
  await expectThrows(async () => {
    await store.readStrided(0, 1024 * 1024, 2, 3);
  }, "behind the end");
  expectEqual("operations", d.model.operations, 0);
  d.done();
}

async function blockProtectionIsLifted(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  d.model.status = 0x1c;
  const store = await d.open();
  await store.program(0, Buffer.from([42]));
  expectEqual("held", (await store.read(0, 1))[0], 42);
  d.done();
}

async function aWriteProtectPinIsReported(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  d.model.status = 0x9c;
  d.model.writeProtectPin = true;
  await expectThrows(async () => {
    await d.open();
  }, "connect its WP# pin");
  d.done();
}

async function aRefusedWriteIsAnError(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  d.model.refusesWrites = true;
  await expectThrows(async () => await store.program(0, Buffer.from([1])), "refuses to be written");
  await expectThrows(async () => await store.erase(0), "refuses to be written");
  expectEqual("operations", d.model.operations, 0);
  d.done();
}

async function deepPowerDownIsLeftByTheNextStart(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  await store.program(0, Buffer.from([7]));
  // Another program put the chip to sleep.
  d.model.asleep = true;
  const again = await d.open();
  expectEqual("held after a restart", (await again.read(0, 1))[0], 7);
  d.done();
}

async function anEraseLeftRunningIsAwaited(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  await d.desk.sleep(1);
  d.model.beginErase();
  const before = d.desk.millis();
  // The JEDEC id cannot be read while the chip is busy: status comes first.
  const store = await d.open();
  await store.program(0, Buffer.from([9]));
  expectEqual("waited", d.desk.millis() - before >= 40, true);
}

/** A function of its own, because the DeviceScript compiler lets no closure see a loop's variable. */
function startProgram(scheduler: Scheduler, store: SpiNorStore, offset: number, finished: number[]): void {
  const fiber = async () => {
    await store.program(offset, pattern(100, offset));
    finished.push(offset);
  };
  scheduler.start(fiber);
}

async function operationsOfSeveralFibersTakeTurns(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const store = await d.open();
  const finished: number[] = [];
  for (let i = 0; i < 3; i++) startProgram(scheduler, store, 512 * i, finished);
  while (finished.length < 3) await d.desk.sleep(1);
  for (let i = 0; i < 3; i++)
    expectEqual("held", (await store.read(512 * i, 100)).toString("hex"), pattern(100, 512 * i).toString("hex"));
  d.done();
}

async function radioAndFlashShareTheBus(scheduler: Scheduler): Promise<void> {
  const d = new NorDesk(scheduler, W25Q16);
  const radio = new BlueNrgModel();
  const radioChip = new SpiDevice(d.desk, d.turn, d.desk.place(radio));
  const transport = new SpiHciTransport(new BlueNrgMs(radioChip, d.desk), radio, radio.resetLine(), d.desk);
  let events = 0;
  transport.onEvents(() => {
    events++;
  });
  await transport.resetHardware();
  const store = await d.open();
  let erased = false;
  const erasing = async () => {
    await store.program(4096, pattern(200, 3));
    await store.erase(4096);
    erased = true;
  };
  scheduler.start(erasing);
  let eventsWhileErasing = 0;
  while (!erased) {
    radio.report(Buffer.from([0x04, 0x3e, 0x02, 0x02, 0x00]));
    await transport.poll();
    await d.desk.sleep(1);
    if (d.model.status & 0x01) eventsWhileErasing = events;
  }
  expectEqual("radio served during the erase", eventsWhileErasing > 10, true);
  expectEqual("erased", (await store.read(4096, 4)).toString("hex"), "ffffffff");
  expectEqual("radio violations", radio.violations.join("; "), "");
  d.done();
}

export const NOR_CASES: ChipCase[] = [
  { title: "a flash chip's size comes from its SFDP table", run: sizeComesFromSfdp },
  { title: "a flash chip without SFDP is known by its JEDEC id", run: sizeComesFromTheIdWhereThereIsNoSfdp },
  { title: "of a flash chip beyond 16 MiB the first 16 are used", run: largeChipsAreUsedAsFarAsThreeAddressBytesReach },
  {
    title: "an absent, a shorted and an unknown flash chip are errors that say so",
    run: absentAndUnknownChipsAreErrors,
  },
  { title: "a program across a page boundary lands where it should", run: programsAcrossPages },
  { title: "an erase clears its sector and no other", run: erasesOneSector },
  { title: "strided reads put the pieces together", run: readsStridedPieces },
  { title: "a program that needs a zero to become a one is an error", run: aBitThatIsAlreadyZeroIsAnError },
  { title: "flash operations out of bounds are refused and do nothing", run: outOfBoundsIsRefused },
  { title: "block protection is lifted when the flash is opened", run: blockProtectionIsLifted },
  { title: "a write-protect pin that is low is reported", run: aWriteProtectPinIsReported },
  { title: "a write that the flash refuses is an error", run: aRefusedWriteIsAnError },
  {
    title: "the next start wakes a flash from deep power-down",
    run: deepPowerDownIsLeftByTheNextStart,
  },
  { title: "an erase that a restart left running is awaited", run: anEraseLeftRunningIsAwaited },
  { title: "flash operations of several fibers take turns", run: operationsOfSeveralFibersTakeTurns },
  { title: "the radio is served while the flash on its bus erases", run: radioAndFlashShareTheBus },
];
