import { expect, test } from "vitest";
import { CODE_HEADROOM_BYTES, codeBytesOf, MAX_CODE_BYTES } from "../../build/codeSize";
import { buildRole } from "../../cli/commands/build";
import { loadBoards } from "../boards";

for (const board of loadBoards())
  for (const role of board.roles)
    test(`the ${role} compiles for ${board.id}, with code to spare`, { timeout: 240_000 }, async () => {
      const { image } = await buildRole(role, board.id);
      expect(image.length).toBeGreaterThan(10_000);
      const free = MAX_CODE_BYTES - codeBytesOf(image);
      process.stdout.write(`${role} for ${board.id}: ${free} bytes of code free\n`);
      expect(free).toBeGreaterThanOrEqual(CODE_HEADROOM_BYTES);
    });
