import { describe, expect, it } from "vitest";
import { CX_VECTORS } from "../../../protocol/test/cxCaseList";
import { CxError } from "../der";
import { alertLevelName, parseGeneralizedTime, readPublication, writePublication } from "../publication";
import { MAX_PUBLICATION_BYTES, openPublication, sealPublication } from "../signedPublication";
import { judgePublication, type Reader } from "../verdict";
import { certificateOf, PUBLISHED_AT, privateKeyOf, samplePublication, ZONE } from "./fixtures";
import { outcomeOf } from "./hostile";

const VECTORS = CX_VECTORS.publications;

function seconds(time: string | null): number {
  return parseGeneralizedTime(time ?? "") ?? Number.NaN;
}

/** "valid: remark, remark" or "invalid: reason". */
function verdictOn(vector: (typeof VECTORS)[number], as: Reader): string {
  const outcome = outcomeOf(() =>
    judgePublication(Buffer.from(vector.der, "hex"), {
      as,
      certificate: certificateOf(vector.trusted),
      zone: vector.zone,
      recorded: vector.recordedPublishedAt === null ? undefined : seconds(vector.recordedPublishedAt),
      now: seconds(vector.now),
    }),
  );
  if (outcome instanceof CxError) return `invalid: ${outcome.reason}`;
  return outcome.remarks.length === 0 ? "valid" : `valid: ${outcome.remarks.join(", ")}`;
}

describe("the verdict on a publication", () => {
  it.each(VECTORS)("is the specification's for '$name', as observer and as publisher", (vector) => {
    for (const as of ["observer", "publisher"] as const) {
      const [verdict, reason] = vector[as].split(": ");
      const ours = verdictOn(vector, as);
      expect(ours.split(": ")[0]).toBe(verdict);
      if (verdict === "invalid" && reason !== undefined) expect(ours).toBe(vector[as]);
    }
  });

  it("comes with remarks where something is passed over", () => {
    const remarks = VECTORS.map((vector) => verdictOn(vector, "observer")).filter((ours) => ours.startsWith("valid: "));
    expect(remarks.map((text) => text.slice("valid: ".length)).sort()).toEqual([
      "nextUpdateNotBefore is disregarded: it is more than 24 hours ahead",
      "nothing new",
      "type 3 is skipped: a newer version of this program may read it",
    ]);
  });

  const judge = (
    changes: Parameters<typeof samplePublication>[0],
    situation: { recorded?: number; now?: number; as?: Reader },
  ) => {
    const bytes = sealPublication(
      writePublication(samplePublication(changes)),
      privateKeyOf("P256"),
      certificateOf("P256"),
    );
    const outcome = outcomeOf(() =>
      judgePublication(bytes, {
        as: situation.as ?? "observer",
        certificate: certificateOf("P256"),
        zone: ZONE,
        recorded: situation.recorded,
        now: situation.now ?? PUBLISHED_AT + 60,
      }),
    );
    return outcome instanceof CxError ? outcome.reason : "valid";
  };

  it("comes with a remark on expired seeds in a full publication, which should leave them out", () => {
    const seeds = [{ generatorType: 1, seed: Buffer.alloc(24), alertLevel: 2 }];
    const sealed = sealPublication(
      writePublication(samplePublication({ seeds })),
      privateKeyOf("P256"),
      certificateOf("P256"),
    );
    const situation = {
      as: "observer",
      certificate: certificateOf("P256"),
      zone: ZONE,
      recorded: undefined,
      now: PUBLISHED_AT,
    } as const;
    expect(judgePublication(sealed, situation).remarks).toEqual([expect.stringMatching(/expired seeds/)]);
  });

  it("hinges on whole seconds: older, the same, stale, and a delta's gap", () => {
    expect(judge({}, { recorded: PUBLISHED_AT + 1 })).toBe("older");
    expect(judge({}, { recorded: PUBLISHED_AT })).toBe("valid");
    expect(judge({}, { recorded: PUBLISHED_AT, now: PUBLISHED_AT + 3600 })).toBe("valid");
    expect(judge({}, { recorded: PUBLISHED_AT, now: PUBLISHED_AT + 3601 })).toBe("stale");
    expect(judge({}, { recorded: PUBLISHED_AT - 1, now: PUBLISHED_AT + 9999 })).toBe("valid");
    const cut = { excludesPublishedBefore: PUBLISHED_AT - 600 };
    expect(judge(cut, { recorded: PUBLISHED_AT - 599 })).toBe("valid");
    expect(judge(cut, { recorded: PUBLISHED_AT - 600 })).toBe("gap");
    expect(judge(cut, {})).toBe("gap");
  });

  it("refuses what comes from the future, so that one wrong clock cannot lock a reader out", () => {
    expect(judge({}, { now: PUBLISHED_AT - 86_400 })).toBe("valid");
    expect(judge({}, { now: PUBLISHED_AT - 86_401 })).toBe("future");
  });

  it("lets publishers read what is for publishers, and devices what is for devices", () => {
    expect(judge({ aggregated: false }, { as: "publisher" })).toBe("valid");
    expect(judge({ aggregated: false }, { as: "observer" })).toBe("aggregated");
    expect(judge({}, { as: "publisher" })).toBe("aggregated");
  });
});

describe("reading and writing publications", () => {
  it.each(VECTORS.filter(({ name }) => name !== "time with fraction" && name !== "length not of whole seeds"))(
    "gives the content of '$name' back byte for byte, or says what it passes over",
    ({ name, tbs }) => {
      const bytes = Buffer.from(tbs, "hex");
      const publication = readPublication(bytes);
      const passedOver =
        publication.unknownTypes.length > 0 || publication.version !== 1 || name === "aggregated TRUE, spelled out";
      if (!passedOver) expect(readPublication(writePublication(publication))).toEqual(publication);
    },
  );

  it("writes seeds in the order of their bytes, with days and counts where they are known", () => {
    const { seeds } = readPublication(writePublication(samplePublication()));
    expect(seeds.map(({ alertLevel, seed, use }) => [alertLevel, seed[0], use])).toEqual([
      [4, 1, { iterations: 1, day: 20_778 }],
      [5, 3, { iterations: 2048, day: 20_779 }],
      [5, 7, { iterations: 96, day: 20_777 }],
    ]);
    const [first, ...others] = samplePublication().seeds;
    const without = samplePublication({
      seeds: [{ ...(first as NonNullable<typeof first>), use: undefined }, ...others],
    });
    const days = readPublication(writePublication(without)).seeds.map(({ use }) => use?.day);
    expect(days).toEqual([20_778, 20_779, undefined]);
  });

  it("refuses a seed that stands twice, at one level or at two", () => {
    const seed = { generatorType: 1, seed: Buffer.alloc(24, 7), alertLevel: 5 };
    for (const alertLevel of [5, 0]) {
      const der = writePublication(samplePublication({ seeds: [seed, { ...seed, alertLevel }] }));
      expect(() => readPublication(der)).toThrow("a seed stands twice");
    }
  });

  it("takes numbers of levels that CX does not define for unknown alerts", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 77].map(alertLevelName)).toEqual([
      "no-alert",
      "debug-alert",
      "expired",
      "unknown-alert",
      "symptomatic",
      "diagnosed",
      "unknown-alert",
      "unknown-alert",
    ]);
  });

  it("reads only times of the calendar, to the second", () => {
    expect(parseGeneralizedTime("20261120100500Z")).toBe(Date.UTC(2026, 10, 20, 10, 5) / 1000);
    for (const text of ["20261120100500.0Z", "20261120100500", "20260230000000Z", "202611201005Z", "20261120240000Z"])
      expect(parseGeneralizedTime(text)).toBeUndefined();
  });
});

describe("the seal of a publication", () => {
  const content = writePublication(samplePublication());

  it.each(["RSA1", "P256"])("by key %s opens with its certificate, and with no other", (name) => {
    const sealed = sealPublication(content, privateKeyOf(name), certificateOf(name));
    expect(openPublication(sealed, certificateOf(name)).equals(content)).toBe(true);
    for (const other of ["RSA1", "RSA2", "P256"].filter((candidate) => candidate !== name))
      expect(() => openPublication(sealed, certificateOf(other))).toThrow(CxError);
  });

  it("breaks with any bit that is flipped in the content, the signed attributes or the signature", () => {
    const sealed = sealPublication(content, privateKeyOf("P256"), certificateOf("P256"));
    const contentAt = sealed.indexOf(content);
    const attributesAt = sealed.lastIndexOf(Buffer.from("2a864886f70d010903", "hex"));
    for (const [from, to] of [
      [contentAt, contentAt + content.length],
      [attributesAt, sealed.length],
    ] as const)
      for (let at = from; at < to; at += 3) {
        const bytes = Buffer.from(sealed);
        bytes[at] = (bytes[at] as number) ^ 1;
        expect(
          outcomeOf(() => openPublication(bytes, certificateOf("P256"))),
          `byte ${at}`,
        ).toBeInstanceOf(CxError);
      }
  });

  it("is refused above 64 MiB before anything is read", () => {
    expect(() => openPublication(Buffer.alloc(MAX_PUBLICATION_BYTES + 1), certificateOf("P256"))).toThrow(/at most/);
  });
});
