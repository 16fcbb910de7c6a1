// What `npm run check` does before it checks the types of device code.

import { writeDeviceTypes } from "./bytecode";

await writeDeviceTypes();
