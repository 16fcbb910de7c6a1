import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import { chirpsCircuit } from "./chirps";
import type { Circuit } from "./circuit";
import { COLLISION } from "./collision";

/** What a study can compute. */
export const CIRCUITS: Record<"collision" | "chirps", Circuit> = {
  collision: COLLISION,
  chirps: chirpsCircuit(DEFAULT_SCORE),
};
