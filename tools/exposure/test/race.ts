import { randomBytes } from "node:crypto";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import type { Core } from "../core";
import { uploadBytes } from "./fixtures";

/** In each round `contenders` different uploads try the same number at once; returns how many won each round. */
export async function raceForNumbers(core: Core, rounds: number, contenders: number): Promise<number[]> {
  const winners: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [text = ""] = await core.permissions.issue("Race", 1);
    const number = decodePermissionNumber(text);
    const before = await core.uploads.waiting();
    const outcomes = await Promise.all(
      Array.from({ length: contenders }, () => core.uploads.take(number, randomBytes(16), uploadBytes({ hours: 2 }))),
    );
    const won = outcomes.filter((outcome) => outcome === "accepted").length;
    const kept = (await core.uploads.waiting()) - before;
    winners.push(kept === won ? won : -kept);
  }
  return winners;
}
