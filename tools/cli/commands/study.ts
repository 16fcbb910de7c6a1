import type { Command } from "commander";
import { addStudyInstitutionCommands } from "./studyInstitution";
import { addStudyParticipantCommands } from "./studyParticipant";
import { addStudySimulationCommands } from "./studySimulation";

/** `chirpfob study`: risk of a cohort, computed by servers of several institutions that learn nothing. */
export function addStudyCommand(program: Command): void {
  const study = program
    .command("study")
    .description("compute the risk of a cohort among the servers of three institutions, none of which learns it");
  addStudyInstitutionCommands(study);
  addStudyParticipantCommands(study);
  addStudySimulationCommands(study);
}
