import type { ChipCase } from "./chipCase";
import { CLOCK_CASES } from "./clockCases";
import { FAULT_CASES } from "./faultCases";
import { NOR_CASES } from "./norCases";
import { RADIO_CASES } from "./radioCases";

/** Every case of the chip drivers: one list, run by Node and, compiled, by the DeviceScript VM. */
export const CHIP_CASES: ChipCase[] = [...RADIO_CASES, ...NOR_CASES, ...CLOCK_CASES, ...FAULT_CASES];
