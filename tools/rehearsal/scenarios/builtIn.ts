import type { LoopScene } from "../scene";
import { type Script, sceneOfScript } from "./script";

/** A family at breakfast and after it; the mother falls ill, the lodger only passed her in the hall. */
const HOUSEHOLD: Script = {
  name: "household",
  title: "A household: three share their meals, a lodger does not",
  from: "07:00",
  to: "09:00",
  people: { ada: "Ada", ben: "Ben", cleo: "Cleo", luis: "Luis (lodger)" },
  meetings: [
    ["kitchen", "07:05", "07:25", "ada", "ben", "cleo"],
    ["hall", "07:40", "07:41", "ada", "luis"],
    ["living room", "08:10", "08:40", "ada", "ben"],
  ],
  diagnosed: ["ada"],
};

/** A counter with a repeater, and customers who never meet the one who is ill. */
const SHOP: Script = {
  name: "shop",
  title: "A shop: a repeater on the counter, customers one after the other",
  from: "10:00",
  to: "10:45",
  people: { gus: "Gus (shopkeeper)", ada: "Ada", hana: "Hana", ivo: "Ivo", jo: "Jo", kim: "Kim" },
  repeaters: { counter: "Counter" },
  meetings: [
    ["counter", "10:04", "10:40", "gus", "counter"],
    ["counter", "10:05:20", "10:08:20", "jo", "gus", "counter"],
    ["counter", "10:15:20", "10:21:20", "ada", "gus", "counter"],
    ["counter", "10:24:20", "10:27:20", "kim", "gus", "counter"],
    ["counter", "10:29:20", "10:32:20", "hana", "gus", "counter"],
    ["counter", "10:35:20", "10:38:20", "ivo", "gus", "counter"],
  ],
  diagnosed: ["ada"],
};

/** Rounds on a ward: the nurse and one patient fall ill. */
const WARD: Script = {
  name: "ward",
  title: "A ward: a nurse on her rounds, patients in two rooms, visitors",
  from: "08:00",
  to: "10:00",
  people: {
    nora: "Nora (nurse)",
    omar: "Omar (doctor)",
    pia: "Pia (room 1)",
    quin: "Quin (room 1)",
    rosa: "Rosa (room 2)",
    sam: "Sam (room 2)",
    tess: "Tess (visitor)",
  },
  meetings: [
    ["room 1", "08:05", "08:11", "nora", "pia"],
    ["room 1", "08:11", "08:16", "nora", "quin"],
    ["room 2", "08:20", "08:27", "nora", "rosa"],
    ["room 2", "08:27", "08:29", "nora", "sam"],
    ["nurses' room", "08:40", "09:00", "nora", "omar"],
    ["room 1", "09:05", "09:35", "tess", "pia"],
    ["room 2", "09:10", "09:14", "omar", "rosa"],
    ["room 2", "09:14", "09:18", "omar", "sam"],
  ],
  diagnosed: ["nora", "pia"],
};

/**
 * What `npm start` shows. Ada has breakfast with her family, takes the bus, meets a friend of whom she will say nothing,
 * and shops; others come to the counter after her. In the evening she is ill.
 */
const TOWN: Script = {
  name: "town",
  title: "A morning in town: a household, a bus, and a shop with a repeater",
  from: "07:30",
  to: "09:30",
  people: {
    ada: "Ada",
    ben: "Ben",
    cleo: "Cleo",
    dora: "Dora",
    emil: "Emil",
    finn: "Finn",
    gus: "Gus",
    hana: "Hana",
    ivo: "Ivo",
  },
  repeaters: { counter: "Counter" },
  meetings: [
    ["at home", "07:32", "07:44", "ada", "ben", "cleo"],
    ["bus", "07:46", "07:58", "ada", "dora", "emil"],
    ["park", "08:10", "08:30", "ada", "finn"],
    ["shop", "09:04", "09:12", "gus", "counter"],
    ["shop", "09:05:20", "09:11:20", "ada", "gus", "counter"],
    ["shop", "09:19:20", "09:22:20", "hana", "gus", "counter"],
    ["shop", "09:25:20", "09:28:20", "ivo", "gus", "counter"],
  ],
  diagnosed: ["ada"],
  redactions: [["ada", "08:00", "09:00"]],
  snoozes: [["emil", "07:45", "08:45"]],
};

const SCRIPTS = [HOUSEHOLD, SHOP, WARD, TOWN];

/** Names that `--scenario` takes. */
export const SCENARIO_NAMES: readonly string[] = SCRIPTS.map(({ name }) => name);

/** A built-in scenario by its name. @throws RangeError if there is none */
export function builtInScene(name: string): LoopScene {
  const script = SCRIPTS.find((candidate) => candidate.name === name);
  if (!script) throw new RangeError(`there is no scenario "${name}": choose one of ${SCENARIO_NAMES.join(", ")}`);
  return sceneOfScript(script);
}
