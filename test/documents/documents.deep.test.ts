// Every command line of every document, in order, as real processes. documents.test.ts runs README's quick ones.

import { describe, expect, it } from "vitest";
import { chaptersOf, DOCUMENTS } from "./commandLines";
import { Stage } from "./stage";

const WITH_COMMANDS = DOCUMENTS.filter((document) => chaptersOf(document).length > 0);

describe.each(WITH_COMMANDS)("%s, followed word for word", (document) => {
  const stage = new Stage();

  it.each(chaptersOf(document))(
    "does and prints what it says under $title",
    async (chapter) => expect(await stage.run(chapter)).toEqual([]),
    900_000,
  );
});
