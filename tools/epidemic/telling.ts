// How likely a keyfob tells its wearer of a contact: whether it hears, how near it takes it to be, and what the score makes of it.

import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import { ATTENUATION_CLASSES, adviceFor, attenuationClass, weightedMinutes } from "../../protocol/match/score";
import DEFAULTS from "../power/defaults.json" with { type: "json" };
import { FACE_TO_FACE, shareOfMinutes } from "../power/detection";
import { pathLossDb, REALISTIC } from "../sim/air/profile";
import { SeededRandom } from "../sim/core/random";
import { type ContactLength, infectionsByMeeting } from "./contactPattern";

/** Face to face, as the simulator places people who are in contact. */
const NEAREST_M = 0.5;
const FARTHEST_M = 1.5;
/** How long bags and walls stay where they are: the simulator's radio model. */
const SHADOWING_MINUTES = 10;
const TRIALS = 2000;

/** Contacts of one length, and how many of them end in the advice to talk to one's health service. */
export interface ToldByLength extends ContactLength {
  readonly told: number;
}

export interface Telling {
  /** Share of a contact's minutes in which a chirp is heard. */
  readonly minutesHeard: number;
  readonly lengths: readonly ToldByLength[];
  /** Of the contacts that infect, the share that is told. */
  readonly ofInfecting: number;
  /** People a day whose contact with a person is told, if all wear keyfobs. */
  readonly perDay: number;
  /** The same without those whom an infectious person infects. */
  readonly perDayUninfected: number;
}

/** What keyfobs with the default settings tell of contacts of these lengths. */
export function tellingOf(lengths: readonly ContactLength[], contactsPerDay: number, betaPerMinute: number): Telling {
  const minutesHeard = shareOfMinutes(DEFAULTS, FACE_TO_FACE);
  const random = new SeededRandom("what keyfobs tell of contacts");
  const rows = lengths.map((length) => ({ ...length, told: toldShare(length.minutesTouched, minutesHeard, random) }));
  const sum = (weight: (row: ToldByLength) => number): number => rows.reduce((total, row) => total + weight(row), 0);
  const infects = ({ minutes }: ToldByLength): number => -Math.expm1(-betaPerMinute * minutes);
  const infecting = infectionsByMeeting(lengths, betaPerMinute);
  return {
    minutesHeard,
    lengths: rows,
    ofInfecting: infecting === 0 ? 0 : sum((row) => row.share * infects(row) * row.told) / infecting,
    perDay: contactsPerDay * sum((row) => row.share * row.told),
    perDayUninfected: contactsPerDay * sum((row) => row.share * row.told * (1 - infects(row))),
  };
}

/** Share of contacts over so many minutes of a day whose weighted minutes make an alert. */
function toldShare(minutes: number, minutesHeard: number, random: SeededRandom): number {
  let told = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const lossDb = pathLossDb(REALISTIC, NEAREST_M + (FARTHEST_M - NEAREST_M) * random.unit());
    const byClass = new Array<number>(ATTENUATION_CLASSES).fill(0);
    let shadowDb = 0;
    for (let minute = 0; minute < minutes; minute++) {
      if (minute % SHADOWING_MINUTES === 0) shadowDb = REALISTIC.shadowingDb * random.gaussian();
      if (random.unit() >= minutesHeard) continue;
      const bodyDb = REALISTIC.bodyLossMaxDb * random.unit();
      const kind = attenuationClass(DEFAULT_SCORE, lossDb + shadowDb + bodyDb - bestFadingDb(random));
      byClass[kind] = (byClass[kind] as number) + 1;
    }
    if (adviceFor(DEFAULT_SCORE, weightedMinutes(DEFAULT_SCORE, byClass, 0)) === "alert") told++;
  }
  return told / TRIALS;
}

/** A row keeps the strongest of a minute's packets. */
function bestFadingDb(random: SeededRandom): number {
  const { scanIntervalMs, scanWindowMs, chirpIntervalMs } = DEFAULTS;
  const packets = Math.max(1, Math.round((60_000 / scanIntervalMs) * (scanWindowMs / chirpIntervalMs)));
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < packets; i++) best = Math.max(best, REALISTIC.fadingDb * random.gaussian());
  return best;
}
