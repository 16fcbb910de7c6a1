import type { Micros } from "../core/scheduler";

/** What a scanner tells apart: Event_Type of the LE Advertising Report (section 7.7.65.2). */
export type ReportType = 0 | 1 | 2 | 3 | 4;

/** An advertising packet on the air. */
export interface AdvertisingPdu {
  readonly type: ReportType;
  readonly isAddressRandom: boolean;
  /** Six bytes, least significant first, as in HCI. */
  readonly address: Uint8Array;
  /** AdvData, at most 31 bytes. */
  readonly data: Uint8Array;
}

/** One advertising event: the packet sent on up to three channels, one after the other. */
export interface AdvertisingEvent {
  readonly startUs: Micros;
  readonly pdu: AdvertisingPdu;
  /** Bit 0: channel 37, bit 1: 38, bit 2: 39. */
  readonly channelMap: number;
  readonly txPowerDbm: number;
}

/** From the start of the packet on one channel to its start on the next: 376 us of packet and the hop, as controllers do it. */
export const CHANNEL_SPACING_US = 600;

const CHANNELS = 3;
const LONGEST_PDU_US = 376;

/** From the start of an advertising event to its end at most: three packets with 31 bytes of data. */
export const LONGEST_EVENT_US = (CHANNELS - 1) * CHANNEL_SPACING_US + LONGEST_PDU_US;

/** Time on air of an advertising packet at 1 Mbit/s: preamble 1, access address 4, header 2, address 6, data, CRC 3 bytes. */
export function airTimeUs(pdu: AdvertisingPdu): Micros {
  return (1 + 4 + 2 + 6 + pdu.data.length + 3) * 8;
}
