// Every command line of every document, in order, as real processes. documents.test.ts runs README's quick ones.

import { describe, expect, it } from "vitest";
import { start } from "../../tools/cli/test/processes";
import { temporaryFolder } from "../../tools/exposure/test/fixtures";
import { ROOT } from "../tools";
import { chaptersOf, DOCUMENTS } from "./commandLines";
import { Stage } from "./stage";

const WITH_COMMANDS = DOCUMENTS.filter((document) => chaptersOf(document).length > 0);

describe.each(WITH_COMMANDS)("%s, followed word for word", (document) => {
  const stage = new Stage();

  it.each(chaptersOf(document))(
    "does and prints what it says under $title",
    async (chapter) => expect(await stage.run(chapter)).toEqual([]),
    1_800_000,
  );
});

describe("npx chirpfob", () => {
  it("is this command line in the project's folder, without asking the internet or the reader anything", async () => {
    const cache = await temporaryFolder();
    const running = start(["npx", "chirpfob", "boards"], { npm_config_cache: cache, npm_config_offline: "true" }, ROOT);
    running.child.stdin?.end();
    expect(await running.ended).toBe(0);
    expect(running.stdout()).toMatch(/^xiao-c3 /m);
  });
});
