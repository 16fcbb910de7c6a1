// `npm run wire`: writes protocol/keyfob/ out of services/keyfob.md.

import { writeFileSync } from "node:fs";
import { programFile } from "../../base/root";
import { generateWire } from "./generate";

for (const [path, text] of generateWire()) writeFileSync(programFile(path), text);
