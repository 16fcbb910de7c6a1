// `npm run bench [part ...]`: measures what the documents state. Without a part, all of them.

import { benchExposure } from "./exposure";
import { benchGaen } from "./gaen";
import { benchProtocol } from "./protocol";
import { benchRepeater } from "./repeater";
import { benchSim } from "./sim";
import { benchStudy } from "./study";

const PARTS: Record<string, () => Promise<void>> = {
  protocol: benchProtocol,
  sim: benchSim,
  exposure: benchExposure,
  repeater: benchRepeater,
  gaen: benchGaen,
  study: benchStudy,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  console.error(`bench: no part ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);
  process.exitCode = 2;
} else {
  for (const [name, run] of Object.entries(PARTS)) if (wanted.length === 0 || wanted.includes(name)) await run();
}
