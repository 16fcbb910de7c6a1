import { it } from "vitest";
import { checkAgainstModel } from "./contactModel";
import { checkSeedsAgainstModel } from "./seedModel";

it("does with rows what a list of rows by hour would do, whatever happens in whatever order", async () => {
  await checkAgainstModel(300, 4);
});

it("does with seeds what a list of seeds by hour would do, whatever happens in whatever order", async () => {
  await checkSeedsAgainstModel(300, 4);
});
