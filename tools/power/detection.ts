// The chance that a keyfob hears another one. docs/hardware.md ("How the estimate works") derives it; a test holds it
// against the simulator.

/** How keyfobs send and listen. */
export interface RadioTimes {
  /** Between two transmissions of a chirp; the controller adds 0 to 10 ms to each. */
  readonly chirpIntervalMs: number;
  /** From the start of one scan window to the start of the next. */
  readonly scanIntervalMs: number;
  /** For how long of each scan interval the receiver is on. */
  readonly scanWindowMs: number;
}

/** What becomes of one packet that arrives in a scan window. */
export interface Surroundings {
  /** Chance that it is received when nobody else is on the air: fading, Wi-Fi, checksum. */
  readonly packetChance: number;
  /** Other keyfobs within range, whose packets may fall on top of it. */
  readonly neighbours: number;
}

/** At arm's length indoors: the loss rate of the simulator's realistic profile. */
export const FACE_TO_FACE: Surroundings = { packetChance: 0.98, neighbours: 0 };

/** Address and data change, and both radios start over, at every full minute. */
const MINUTE_MS = 60_000;
/** advDelay, Core specification vol 6 part B 4.4.2.2.1: uniform from 0 to 10 ms. */
const ADV_DELAY_MEAN_MS = 5;
const ADV_DELAY_DEVIATION_MS = 10 / Math.sqrt(12);
/** A 31-byte advertising packet at 1 Mbit/s: 47 bytes. */
export const PACKET_MS = 0.376;
/** A whole advertising event: three packets and the hops between them. While a radio sends it does not listen. */
const EVENT_MS = 1.6;
/** Share of colliding packets that survive because they are the stronger by 8 dB. */
const CAPTURE_SHARE = 0.5;

const PHASES = 240;

/** Chance that at least one chirp of a contact of `minutes` whole minutes is heard. */
export function chanceOfContact(times: RadioTimes, surroundings: Surroundings, minutes: number): number {
  return chancesOfContact(times, surroundings, [minutes])[0] as number;
}

/** The same for contacts of several lengths; most of the work is one for all of them. */
export function chancesOfContact(times: RadioTimes, surroundings: Surroundings, minutes: readonly number[]): number[] {
  // The clocks of two keyfobs differ by the same amount minute after minute, and so does their phase.
  const miss = missByPhase(times, surroundings);
  return minutes.map((n) => 1 - mean(miss.map((chance) => chance ** n)));
}

/** Expected share of a long contact's minutes in which a chirp is heard, that is, which are counted. */
export function shareOfMinutes(times: RadioTimes, surroundings: Surroundings): number {
  return chanceOfContact(times, surroundings, 1);
}

/**
 * For each phase (how long after the start of a minute's first scan window the first chirp comes, over the chirp interval)
 * the chance that none of a minute's chirps is heard. Worked backwards over the windows of a minute: in each, those chirps
 * are missed that fall into it; on the way to the next, the phase moves on and the random delays blur it.
 */
function missByPhase(times: RadioTimes, surroundings: Surroundings): number[] {
  const { chirpIntervalMs, scanIntervalMs, scanWindowMs } = times;
  const periodMs = chirpIntervalMs + ADV_DELAY_MEAN_MS;
  const missOne = 1 - chanceOfPacket(times, surroundings);
  const windows = Math.ceil(MINUTE_MS / scanIntervalMs);
  const shift = (scanIntervalMs % periodMs) / periodMs;
  const blurMs = ADV_DELAY_DEVIATION_MS * Math.sqrt(scanIntervalMs / periodMs);
  let miss = new Array<number>(PHASES).fill(1);
  for (let window = windows - 1; window >= 0; window--) {
    const lengthMs = Math.min(scanWindowMs, MINUTE_MS - window * scanIntervalMs) - PACKET_MS;
    const later = window === windows - 1 ? miss : blur(rotate(miss, shift), (blurMs / periodMs) * PHASES);
    miss = later.map((chance, phase) => {
      const untilChirpMs = ((phase + 0.5) / PHASES) * periodMs;
      const chirps = untilChirpMs > lengthMs ? 0 : 1 + Math.floor((lengthMs - untilChirpMs) / periodMs);
      return chance * missOne ** chirps;
    });
  }
  return miss;
}

/** A packet is lost to the surroundings, to a neighbour's packet on the same channel, or to our own sending. */
function chanceOfPacket({ chirpIntervalMs }: RadioTimes, { packetChance, neighbours }: Surroundings): number {
  const othersPerMs = neighbours / chirpIntervalMs;
  const clear = Math.exp(-2 * PACKET_MS * othersPerMs * (1 - CAPTURE_SHARE));
  const listening = 1 - Math.min(1, (EVENT_MS + PACKET_MS) / chirpIntervalMs);
  return packetChance * clear * listening;
}

/** The chirp that comes at phase p in this window comes at p - shift (modulo 1) in the next. */
function rotate(values: readonly number[], shift: number): number[] {
  return values.map((_, phase) => interpolate(values, phase - shift * PHASES));
}

function interpolate(values: readonly number[], at: number): number {
  const floor = Math.floor(at);
  const share = at - floor;
  return at0(values, floor) * (1 - share) + at0(values, floor + 1) * share;
}

function at0(values: readonly number[], index: number): number {
  return values[((index % PHASES) + PHASES) % PHASES] as number;
}

/** Convolution with a normal distribution of this standard deviation, around the circle of phases. */
function blur(values: readonly number[], deviation: number): number[] {
  const reach = Math.min(Math.ceil(3 * deviation), PHASES / 2);
  if (reach < 1) return [...values];
  const weights: number[] = [];
  for (let k = -reach; k <= reach; k++) weights.push(Math.exp(-0.5 * (k / deviation) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.map((_, phase) =>
    weights.reduce((sum, weight, k) => sum + (weight / total) * at0(values, phase + k - reach), 0),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
