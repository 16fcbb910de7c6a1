// What the models assume where nobody says otherwise, and where it comes from. Every one of them has an option.

/** A figure with its meaning and source; `source` says "assumed" where there is none. */
export interface Parameter {
  readonly value: number;
  readonly unit: string;
  readonly meaning: string;
  readonly source: string;
}

const REPORT_9 = "Ferguson et al., Report 9, Imperial College 2020";

/** The disease: SARS-CoV-2 as it was in the spring of 2020. */
export const DISEASE = {
  r0: {
    value: 2.4,
    unit: "people",
    meaning: "infected by one case while everybody is susceptible and nothing is done",
    source: `${REPORT_9}: 2.4 (2.0 to 2.6)`,
  },
  incubation: {
    value: 4.6,
    unit: "days",
    meaning: "mean time from infection to being infectious (1 / sigma)",
    source: `${REPORT_9}: infectious from 4.6 days after infection, half a day before symptoms`,
  },
  infectious: {
    value: 1.9,
    unit: "days",
    meaning: "mean time of being infectious (1 / gamma)",
    source: `${REPORT_9}: one infection follows another after 6.5 days on average; 6.5 - 4.6`,
  },
} as const satisfies Record<string, Parameter>;

/** What people and health services do. */
export const RESPONSE = {
  diagnosed: {
    value: 2 / 3,
    unit: "share",
    meaning: "infected people who are diagnosed",
    source: `${REPORT_9}: two thirds of cases have symptoms that are clear enough`,
  },
  delayDays: {
    value: 1.5,
    unit: "days",
    meaning: "from being infectious to diagnosis, isolation and upload",
    source: `${REPORT_9}: symptoms half a day later, isolation within another day`,
  },
  isolation: {
    value: 0.2,
    unit: "share",
    meaning: "contacts that a diagnosed person still has",
    source: "Covasim, isolation factor",
  },
  uploads: {
    value: 0.8,
    unit: "share",
    meaning: "diagnosed wearers who share their seeds",
    source: "assumed",
  },
  compliance: {
    value: 0.9,
    unit: "share",
    meaning: "wearers who stay at home when their keyfob says so",
    source: "OpenABM-Covid19, quarantine after a positive test of the contact",
  },
  quarantine: {
    value: 0.3,
    unit: "share",
    meaning: "contacts that a person in quarantine still has",
    source: "Covasim, quarantine factor",
  },
  quarantineDays: {
    value: 14,
    unit: "days",
    meaning: "of quarantine after being told",
    source: `${REPORT_9}, household quarantine`,
  },
  testDays: {
    value: 2,
    unit: "days",
    meaning: "at home until a test releases those who were told and not infected by the case",
    source: "assumed; what they avoid meanwhile is not credited",
  },
  windowDays: {
    value: 7,
    unit: "days",
    meaning: "before the diagnosis for which contacts are told",
    source: "OpenABM-Covid19, days of contacts that are traced",
  },
} as const satisfies Record<string, Parameter>;

/** Who is near whom. */
export const CONTACTS = {
  contactsPerDay: {
    value: 20,
    unit: "people",
    meaning: "met in a day",
    source: "Covasim, contacts in the community",
  },
  sharedSpace: {
    value: 0.05,
    unit: "share",
    meaning: "infections at a place that people use one after the other, up to ten minutes later",
    source: "unknown; 0 to 0.1 is thinkable",
  },
  toldShared: {
    value: 1,
    unit: "share",
    meaning: "infections at a shared place with a repeater that both keyfobs notice and the wearer acts on",
    source:
      "the simulator's shop: all minutes are counted. That the wearer acts is assumed: by the score ten minutes weigh 2.5, which is no notice",
  },
} as const satisfies Record<string, Parameter>;

/** From an upload to shards that a computer can fetch. */
export const PUBLICATION = {
  everyHours: {
    value: 1,
    unit: "hours",
    meaning: "between two publications; an upload waits between nothing and this",
    source: "the exposure service's default (docs/operations.md)",
  },
  embargoMinutes: {
    value: 12,
    unit: "minutes",
    meaning: "embargo after the hour of a seed",
    source: "docs/protocol.md",
  },
} as const satisfies Record<string, Parameter>;
