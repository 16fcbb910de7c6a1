// How radio waves are modelled. docs/simulator.md lists the sources of these figures.

/** Figures of a radio profile; powers in dBm, losses in dB. */
export interface RadioProfile {
  readonly name: "perfect" | "realistic";
  /** Loss over the first metre: free space at 2.44 GHz is 40.2 dB. */
  readonly lossAtOneMetreDb: number;
  /** Exponent of the log-distance law up to the break point, where walls and people begin to stand in the way. */
  readonly nearExponent: number;
  readonly breakPointM: number;
  readonly farExponent: number;
  /** Standard deviation of what walls, bags and the direction of antennas add, constant for a pair over ten minutes. */
  readonly shadowingDb: number;
  /** The wearers' bodies add between nothing and this, constant for a pair over a minute: people turn. */
  readonly bodyLossMaxDb: number;
  /** Standard deviation from one packet to the next (multipath, hopping over three channels). */
  readonly fadingDb: number;
  /** Packets weaker than this are not received. */
  readonly sensitivityDbm: number;
  /** A packet survives another one on its channel if it is stronger by at least this. */
  readonly captureDb: number;
  /** Share of packets lost to everything else (Wi-Fi, CRC); where all is heard, of advertising events. */
  readonly lossRate: number;
  /** Whether a scanner hears everything whenever scanning is on: whatever its window, other packets or its own. */
  readonly hearsAll: boolean;
  /** Beyond this distance nothing is worked out. */
  readonly rangeM: number;
}

/**
 * Everything in contact is heard while scanning is on, at the power of its distance in free space: tells faults of the programs
 * apart from those of radio. `rangeM` is what counts as contact where people have positions.
 */
export const PERFECT: RadioProfile = {
  name: "perfect",
  lossAtOneMetreDb: 40.2,
  nearExponent: 2,
  breakPointM: 8,
  farExponent: 3.3,
  shadowingDb: 0,
  bodyLossMaxDb: 0,
  fadingDb: 0,
  sensitivityDbm: Number.NEGATIVE_INFINITY,
  captureDb: 0,
  lossRate: 0,
  hearsAll: true,
  rangeM: 2,
};

/** Indoors, worn on the body, an ESP32 without antenna gain. */
export const REALISTIC: RadioProfile = {
  name: "realistic",
  lossAtOneMetreDb: 40.2,
  nearExponent: 2,
  breakPointM: 8,
  farExponent: 3.3,
  shadowingDb: 5,
  bodyLossMaxDb: 16,
  fadingDb: 5,
  sensitivityDbm: -94,
  captureDb: 8,
  lossRate: 0.02,
  hearsAll: false,
  rangeM: 60,
};

export const PROFILES = { perfect: PERFECT, realistic: REALISTIC } as const;

/** Loss in dB over a distance. Below 10 cm antennas are no longer far apart, and it stays. */
export function pathLossDb(profile: RadioProfile, distanceM: number): number {
  const { lossAtOneMetreDb, nearExponent, breakPointM, farExponent } = profile;
  const near = Math.min(Math.max(distanceM, 0.1), breakPointM);
  const far = Math.max(distanceM / breakPointM, 1);
  return lossAtOneMetreDb + 10 * nearExponent * Math.log10(near) + 10 * farExponent * Math.log10(far);
}
