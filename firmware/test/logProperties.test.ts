import { it } from "vitest";
import { checkAgainstModel } from "./contactModel";

it("does what a list of rows by hour would do, whatever happens in whatever order", async () => {
  await checkAgainstModel(300, 4);
});
