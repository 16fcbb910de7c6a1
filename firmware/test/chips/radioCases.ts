import { BlueNrgMs } from "../../chips/blueNrgMs";
import { SpiDevice } from "../../chips/spiDevice";
import { SpiHciTransport } from "../../chips/spiHciTransport";
import { ZephyrHciSpi } from "../../chips/zephyrHciSpi";
import { BlueNrgModel } from "./blueNrgModel";
import type { ChipCase } from "./chipCase";
import { Desk, type Scheduler } from "./desk";
import { expectEqual, expectThrows } from "./expect";
import { ZephyrSpiModel } from "./zephyrSpiModel";

const RESET = "01030c00";
const CONFIG = "010cfc032c0101";
const ADVERTISE = "010a200101";
const RESET_DONE = "040e0401030c00";
const ADVERTISE_DONE = "040e04010a2000";
const HARDWARE_ERROR = "041001fb";
/** An advertising report with 31 bytes of data, 46 bytes long. */
const REPORT = "043e2b020103015544332211001f1ba0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdc4";

/** The events that reached the host, in hexadecimal, a space after each. */
interface EventLog {
  text: string;
}

function listen(transport: SpiHciTransport): EventLog {
  const log = { text: "" };
  transport.onEvents((packets) => {
    log.text = `${log.text}${packets.toString("hex")} `;
  });
  return log;
}

/** The radio, its model, and everything that came out of it. */
class BlueNrgDesk {
  readonly desk: Desk;
  readonly model = new BlueNrgModel();
  readonly transport: SpiHciTransport;
  readonly log: EventLog;

  constructor(scheduler: Scheduler) {
    this.desk = new Desk(scheduler);
    const chip = new SpiDevice(this.desk, this.desk.turn(), this.desk.place(this.model));
    this.transport = new SpiHciTransport(new BlueNrgMs(chip, this.desk), this.model, this.model.resetLine(), this.desk);
    this.log = listen(this.transport);
  }

  async run(ms: number): Promise<void> {
    for (let i = 0; i < ms; i++) {
      await this.transport.poll();
      await this.desk.sleep(1);
    }
  }

  done(): void {
    expectEqual("violations", [...this.model.violations, ...this.desk.violations].join("; "), "");
  }
}

class ZephyrDesk {
  readonly desk: Desk;
  readonly model = new ZephyrSpiModel();
  readonly transport: SpiHciTransport;
  readonly log: EventLog;

  constructor(scheduler: Scheduler, hasResetLine: boolean) {
    this.desk = new Desk(scheduler);
    const chip = new SpiDevice(this.desk, this.desk.turn(), this.desk.place(this.model));
    this.transport = new SpiHciTransport(
      new ZephyrHciSpi(chip, this.desk),
      this.model,
      hasResetLine ? this.model : undefined,
      this.desk,
    );
    this.log = listen(this.transport);
  }

  async run(ms: number): Promise<void> {
    for (let i = 0; i < ms; i++) {
      await this.transport.poll();
      await this.desk.sleep(1);
    }
  }

  done(): void {
    expectEqual("violations", [...this.model.violations, ...this.desk.violations].join("; "), "");
  }
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

async function blueNrgBootsIntoLinkLayerMode(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  expectEqual("running", d.transport.isRunning(), true);
  expectEqual("commands", d.model.controller.commands.join(" "), CONFIG);
  expectEqual("events for the host", d.log.text, "");
  expectEqual("reset held for 1.5 ms", d.model.resetHeldMs >= 1.5, true);
  d.done();
}

async function blueNrgWaitsForItsRestartAfterHciReset(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  await d.transport.send(hex(`${RESET}${ADVERTISE}`));
  await d.run(60);
  expectEqual("commands", d.model.controller.commands.join(" "), [CONFIG, RESET, CONFIG, ADVERTISE].join(" "));
  expectEqual("events", d.log.text, `${RESET_DONE} ${ADVERTISE_DONE} `);
  expectEqual("reboots by itself", d.transport.counters.reboots, 0);
  d.done();
}

async function blueNrgSplitsLongCommands(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.writeBuffer = 10;
  let command = "01082020";
  for (let i = 0; i < 32; i++) command = `${command}5a`;
  await d.transport.send(hex(command));
  await d.run(10);
  expectEqual("command as received", d.model.controller.commands[1], command);
  d.done();
}

async function blueNrgJoinsSplitEvents(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  for (let i = 0; i < 5; i++) d.model.report(hex(REPORT));
  d.model.report(hex(REPORT.slice(0, 20)));
  await d.run(5);
  d.model.report(hex(REPORT.slice(20)));
  await d.run(5);
  let wanted = "";
  for (let i = 0; i < 6; i++) wanted = `${wanted}${REPORT} `;
  expectEqual("events", d.log.text, wanted);
  d.done();
}

async function blueNrgBusyIsTriedAgain(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.busySelections = 9;
  await d.transport.send(hex(ADVERTISE));
  await d.run(5);
  d.model.busySelections = 9;
  await d.run(20);
  expectEqual("commands", d.model.controller.commands.join(" "), `${CONFIG} ${ADVERTISE}`);
  expectEqual("events", d.log.text, `${ADVERTISE_DONE} `);
  expectEqual("failures", d.transport.counters.failures, 0);
  d.done();
}

async function blueNrgStuckBusyIsGivenUp(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.busySelections = 1000;
  await d.transport.send(hex(ADVERTISE));
  expectEqual("failures", d.transport.counters.failures, 1);
  d.model.busySelections = 0;
  await d.transport.resetHardware();
  await d.transport.send(hex(ADVERTISE));
  await d.run(5);
  expectEqual("events", d.log.text, `${ADVERTISE_DONE} `);
  d.done();
}

async function blueNrgAbsentIsSilentAndEnds(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  d.model.absent = true;
  await d.transport.resetHardware();
  await d.transport.send(hex(RESET));
  await d.run(100);
  expectEqual("running", d.transport.isRunning(), false);
  expectEqual("events", d.log.text, "");
  expectEqual("time spent waiting for it", d.desk.millis() < 500, true);
  d.done();
}

async function blueNrgRestartTellsTheHost(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.crash();
  await d.run(30);
  expectEqual("events", d.log.text, `${HARDWARE_ERROR} `);
  expectEqual("reboots", d.transport.counters.reboots, 1);
  await d.transport.send(hex(ADVERTISE));
  await d.run(10);
  expectEqual("status after the restart", d.log.text, `${HARDWARE_ERROR} ${ADVERTISE_DONE} `);
  d.done();
}

async function garbageIsCountedAndSkipped(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.report(hex("00ff77"));
  d.model.report(hex("0200000200aabb"));
  d.model.report(hex(REPORT));
  await d.run(5);
  expectEqual("events", d.log.text, `${REPORT} `);
  expectEqual("garbage", d.transport.counters.garbage, 3);
  d.done();
}

async function commandsArePacedByTheControllersCredits(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  d.model.controller.ncmd = 0;
  await d.transport.send(hex(`${ADVERTISE}${ADVERTISE}${ADVERTISE}`));
  await d.run(20);
  expectEqual("sent without credit", d.model.controller.commands.length, 2);
  // A Command Complete for no command gives credit back (Core specification vol 4 part E 4.4).
  d.model.controller.ncmd = 2;
  d.model.report(hex("040e03020000"));
  await d.run(20);
  expectEqual("sent with credit", d.model.controller.commands.length, 4);
  d.done();
}

async function malformedCommandsAreRefused(scheduler: Scheduler): Promise<void> {
  const d = new BlueNrgDesk(scheduler);
  await d.transport.resetHardware();
  await expectThrows(async () => await d.transport.send(hex("04030c00")), "no whole HCI command at offset 0");
  await expectThrows(
    async () => await d.transport.send(hex(`${ADVERTISE}010a2002`)),
    "no whole HCI command at offset 5",
  );
  await d.run(5);
  expectEqual("commands", d.model.controller.commands.join(" "), CONFIG);
  d.done();
}

async function zephyrBootsAndAnswers(scheduler: Scheduler): Promise<void> {
  const d = new ZephyrDesk(scheduler, true);
  await d.transport.resetHardware();
  expectEqual("running", d.transport.isRunning(), true);
  await d.transport.send(hex(`${RESET}${ADVERTISE}`));
  await d.run(20);
  expectEqual("commands", d.model.controller.commands.join(" "), `${RESET} ${ADVERTISE}`);
  expectEqual("events", d.log.text, `${RESET_DONE} ${ADVERTISE_DONE} `);
  d.done();
}

async function zephyrBusyIsTriedAgain(scheduler: Scheduler): Promise<void> {
  const d = new ZephyrDesk(scheduler, true);
  await d.transport.resetHardware();
  d.model.busyHeaders = 7;
  await d.transport.send(hex(ADVERTISE));
  d.model.busyHeaders = 3;
  d.model.busyPayloads = 4;
  await d.run(20);
  expectEqual("commands", d.model.controller.commands.join(" "), ADVERTISE);
  expectEqual("events", d.log.text, `${ADVERTISE_DONE} `);
  expectEqual("failures", d.transport.counters.failures, 0);
  d.done();
}

async function zephyrWithoutResetLineWorks(scheduler: Scheduler): Promise<void> {
  const d = new ZephyrDesk(scheduler, false);
  await d.run(60);
  await d.transport.resetHardware();
  await d.transport.send(hex(RESET));
  await d.run(10);
  expectEqual("events", d.log.text, `${RESET_DONE} `);
  d.model.crash();
  await d.run(60);
  expectEqual("events after a restart", d.log.text, `${RESET_DONE} ${HARDWARE_ERROR} `);
  d.done();
}

async function zephyrAbsentIsSilentAndEnds(scheduler: Scheduler): Promise<void> {
  const d = new ZephyrDesk(scheduler, false);
  d.model.absent = true;
  await d.transport.resetHardware();
  await d.transport.send(hex(RESET));
  await d.run(50);
  expectEqual("events", d.log.text, "");
  expectEqual("failures", d.transport.counters.failures, 1);
  d.done();
}

async function zephyrRestartTellsTheHost(scheduler: Scheduler): Promise<void> {
  const d = new ZephyrDesk(scheduler, true);
  await d.transport.resetHardware();
  d.model.crash();
  await d.run(80);
  expectEqual("events", d.log.text, `${HARDWARE_ERROR} `);
  expectEqual("reboots", d.transport.counters.reboots, 1);
  d.done();
}

export const RADIO_CASES: ChipCase[] = [
  {
    title: "a BlueNRG-MS boots, is told to run its link layer only, and the host sees neither",
    run: blueNrgBootsIntoLinkLayerMode,
  },
  {
    title: "commands behind HCI Reset wait until a BlueNRG-MS has restarted",
    run: blueNrgWaitsForItsRestartAfterHciReset,
  },
  { title: "a command longer than a BlueNRG-MS's buffer goes out in pieces", run: blueNrgSplitsLongCommands },
  { title: "events that a BlueNRG-MS hands out in pieces arrive whole", run: blueNrgJoinsSplitEvents },
  { title: "a busy BlueNRG-MS is asked again", run: blueNrgBusyIsTriedAgain },
  { title: "a BlueNRG-MS that stays busy is given up until it is reset", run: blueNrgStuckBusyIsGivenUp },
  { title: "an absent BlueNRG-MS is silent and holds nobody up", run: blueNrgAbsentIsSilentAndEnds },
  {
    title: "a BlueNRG-MS that restarts by itself is prepared again and the host is told",
    run: blueNrgRestartTellsTheHost,
  },
  { title: "bytes that begin no packet are skipped and counted, ACL data is skipped", run: garbageIsCountedAndSkipped },
  { title: "commands wait for the controller's credits", run: commandsArePacedByTheControllersCredits },
  { title: "a send that is not whole commands is refused and sends nothing", run: malformedCommandsAreRefused },
  { title: "a Zephyr controller boots, answers, and its reset is no restart", run: zephyrBootsAndAnswers },
  { title: "a busy Zephyr controller is asked again and gets each command once", run: zephyrBusyIsTriedAgain },
  { title: "a Zephyr controller works without a reset line", run: zephyrWithoutResetLineWorks },
  { title: "an absent Zephyr controller is silent and holds nobody up", run: zephyrAbsentIsSilentAndEnds },
  { title: "a Zephyr controller that restarts by itself makes the host start over", run: zephyrRestartTellsTheHost },
];
