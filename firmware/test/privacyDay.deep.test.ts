import { it } from "vitest";
import { captureRadio } from "./radioCapture";

it("lets nothing but chirp frames out by radio in a whole day, and no two minutes have anything in common", async () => {
  await captureRadio(24);
}, 300_000);
