import { expect, test } from "vitest";
import { buildRole } from "../../cli/commands/build";
import { loadBoards } from "../boards";

/** DeviceScript's code beyond 64 KB is refused; these parts' drivers together with the wearable are beyond it today. */
const hasOwnRadioOnly = ({ radio, clock }: { radio: { kind: string }; clock: string }) =>
  radio.kind === "native" && clock === "none";

for (const board of loadBoards())
  for (const role of board.roles.filter((one) => one === "repeater" || hasOwnRadioOnly(board)))
    test(`the ${role} compiles for ${board.id}`, { timeout: 240_000 }, async () => {
      const { image } = await buildRole(role, board.id);
      expect(image.length).toBeGreaterThan(10_000);
    });
