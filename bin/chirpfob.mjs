#!/usr/bin/env node
// Runs the TypeScript command line straight from the checkout; tsx compiles it in memory, so nothing can be stale.
import { register } from "tsx/esm/api";

register();
await import("../tools/cli/start/main.ts");
