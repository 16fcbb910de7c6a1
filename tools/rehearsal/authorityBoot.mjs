// A process begins as plain JavaScript and loads TypeScript from there.
import { register } from "tsx/esm/api";

register();
await import("./authorityProcess.ts");
