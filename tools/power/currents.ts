// What everything on a board draws, in milliamperes at 3.3 V, and where the figure comes from. `note` says how sure it is.

import type { BoardEntry } from "../boards/boards";

export interface Current {
  readonly milliamperes: number;
  /** Document and place. */
  readonly source: string;
}

/** The microcontroller, running DeviceScript: its main loop wakes every 10 ms, and the runtime never sleeps deeper. */
export const PROCESSOR: Record<BoardEntry["family"], Current> = {
  esp32: {
    milliamperes: 21,
    source: "ESP-AT user guide, Sleep AT examples: modem sleep of an ESP32 module at 80 MHz, 21 mA",
  },
  esp32c3: {
    milliamperes: 20,
    source:
      "ESP-AT user guide, Sleep AT examples: modem sleep of an ESP32-C3 module at 160 MHz, 20 mA; R. Dobson, Investigating ESP32-C3 Power Management (2023), loop with 10 ms delay: measured 20.1 mA",
  },
  esp32s2: {
    milliamperes: 14,
    source: "ESP32-S2-WROOM datasheet v1.1, table 8: modem sleep at 80 MHz, CPU powered on, 14 mA",
  },
  esp32s3: {
    milliamperes: 32,
    source: "MoleNet V6, power consumption of an ESP32-S3-DevKitC: powered up without load, measured 32.3 mA at 3.3 V",
  },
};

/** Added while the radio is on. */
export interface RadioCurrents {
  readonly receive: Current;
  readonly transmit: Current;
  /** All the time. */
  readonly idle: Current;
}

const NOTHING: Current = { milliamperes: 0, source: "part of the processor's current" };

/**
 * The chips' own radios. The datasheets give the whole chip's current with its radio on; the processor's share is taken off
 * in `nativeRadio`.
 */
const WHOLE_CHIP = {
  esp32: {
    receive: { milliamperes: 100, source: "ESP32 datasheet, RF power consumption: receive Bluetooth/LE, 95 to 100 mA" },
    transmit: {
      milliamperes: 130,
      source: "ESP32 datasheet, RF power consumption: transmit Bluetooth/LE at 0 dBm, 130 mA",
    },
  },
  esp32c3: {
    receive: {
      milliamperes: 84,
      source: "ESP32-C3 datasheet, current in RX mode (802.11n, HT20), 84 mA; none is given for LE",
    },
    transmit: { milliamperes: 130, source: "no figure for LE in the ESP32-C3 datasheet; the ESP32's is taken" },
  },
  esp32s3: {
    receive: {
      milliamperes: 88,
      source: "ESP32-S3 datasheet, current in RX mode (802.11n, HT20), 88 mA; none is given for LE",
    },
    transmit: { milliamperes: 130, source: "no figure for LE in the ESP32-S3 datasheet; the ESP32's is taken" },
  },
};

const MODULES: Record<"bluenrg-ms" | "nrf52832" | "nrf52840" | "nrf5340", RadioCurrents> = {
  "bluenrg-ms": {
    receive: {
      milliamperes: 7.3,
      source: "BlueNRG-MS datasheet, electrical characteristics: receive, DC-DC on, 7.3 mA",
    },
    transmit: { milliamperes: 8.2, source: "BlueNRG-MS datasheet, features: transmit at 0 dBm and 3.0 V, 8.2 mA" },
    idle: { milliamperes: 0.0017, source: "BlueNRG-MS datasheet, features: sleep with active stack, 1.7 uA" },
  },
  nrf52832: {
    receive: { milliamperes: 6.5, source: "nRF52832 product specification v1.1, IRADIO_RX0 with HFXO, DC/DC: 6.5 mA" },
    transmit: {
      milliamperes: 7.1,
      source: "nRF52832 product specification v1.1, IRADIO_TX0 at 0 dBm with HFXO, DC/DC: 7.1 mA",
    },
    idle: { milliamperes: 0.01, source: "assumed: hci_spi between events, RTC and RAM on; the chip itself needs 2 uA" },
  },
  nrf52840: {
    receive: {
      milliamperes: 8.6,
      source: "nRF52840 product specification, IS1: receiving with CPU running, DC/DC: 8.6 mA",
    },
    transmit: {
      milliamperes: 8.1,
      source: "nRF52840 product specification, IS0: 0 dBm with CPU running, DC/DC: 8.1 mA",
    },
    idle: { milliamperes: 0.01, source: "assumed: hci_spi between events, RTC and RAM on; the chip itself needs 2 uA" },
  },
  nrf5340: {
    receive: { milliamperes: 8.6, source: "assumed to be no worse than the nRF52840" },
    transmit: { milliamperes: 8.1, source: "assumed to be no worse than the nRF52840" },
    idle: { milliamperes: 0.01, source: "assumed as for the nRF52840" },
  },
};

/** What the radio of a board draws, beyond the processor. */
export function radioCurrents(board: BoardEntry): RadioCurrents {
  const { radio, family } = board;
  if (radio.kind === "bluenrg-ms") return MODULES["bluenrg-ms"];
  if (radio.kind === "zephyr-spi") return MODULES[radio.chip];
  if (family === "esp32s2") throw new Error("the ESP32-S2 has no radio for Bluetooth");
  const whole = WHOLE_CHIP[family];
  const less = (current: Current): Current => ({
    milliamperes: current.milliamperes - PROCESSOR[family].milliamperes,
    source: `${current.source}; less the processor's share`,
  });
  return { receive: less(whole.receive), transmit: less(whole.transmit), idle: NOTHING };
}

/** NOR flash between operations. A row a minute and neighbour keeps it busy for well under a thousandth of the time. */
export const NOR_STANDBY: Current = {
  milliamperes: 0.05,
  source: "W25Q16JV, GD25Q16C, MX25L1606E datasheets: standby, at most 50 uA",
};

export const CLOCK_CHIP: Record<BoardEntry["clock"], Current> = {
  none: { milliamperes: 0, source: "none fitted" },
  ds3231: { milliamperes: 0.11, source: "DS3231 datasheet, ICCS at 3.63 V: at most 110 uA" },
  pcf8563: { milliamperes: 0.0003, source: "PCF8563 datasheet, IDD at 3 V, CLKOUT off: 0.25 uA" },
};

/** The light's shortest pattern, chirping: 50 ms each minute at 5 mA. */
export const LIGHT: Current = { milliamperes: (5 * 50) / 60_000, source: "5 mA for 50 ms a minute while all is well" };

/** For so long of an advertising event a radio draws its transmit current: three packets, three ramps of 0.15 ms, 1 ms to wake up. */
export const TRANSMIT_MS = 3 * (0.376 + 0.15) + 1;
/** A scan window's receiver is on for so much longer than the window: wake-up and synthesizer. */
export const RECEIVE_RAMP_MS = 2;

/** A lithium cell gives so much of its printed capacity until the regulator drops out, after a year of use and at room temperature. */
export const USABLE_CAPACITY = 0.8;
