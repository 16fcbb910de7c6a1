import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { collisionAnswer, collisionTable } from "../circuits/collisionRecords";
import { Participants } from "../client/participant";
import { REPLICATED } from "../engine/replicated";
import { readIdentity } from "../net/identity";
import { PEER_PROTOCOL } from "../net/peers";
import { contributionLength, type Institution, shapeOf } from "../plan/descriptor";
import { contributionBytes, digestOf } from "../server/register";
import type { ServerProcess } from "../simulate/serverProcesses";
import { type Institutions, institutions, memberData, takePart } from "./institutions";
import { randomWords } from "./together";

const SERVERS = [0, 1, 2] as const;
const PHASES = ["agree", "collect", "compute", "return", "delete"];

const phasesOf = (process: ServerProcess): unknown[] =>
  process.log.filter(({ event }) => event === "phase").map(({ phase }) => phase);

/** Bytes of every file of a folder. */
function filesOf(folder: string): Buffer[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
}

/** Asks a server, and gives status and body. */
function ask(
  server: Institution,
  method: string,
  path: string,
  token?: string,
  body?: Buffer,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { "content-length": body.length } : {}),
    };
    const { host, port, certificate } = server;
    const asked = request(
      { host, port, method, path, headers, ca: certificate, checkServerIdentity: () => undefined, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("three servers of a study", () => {
  let made: Institutions;
  let processes: ServerProcess[];
  let participants: Participants;
  /** Shares that server 1 got, as bytes: the test makes one member's shares by itself. */
  let knownShares: Buffer;
  const tokens: string[] = [];

  beforeAll(async () => {
    made = await institutions();
    participants = new Participants(made.study, 4);
    processes = SERVERS.map((i) => made.start(i, i === 0 ? ["--heapsnapshot-signal=SIGUSR2"] : []));
    await Promise.all(processes.map((process) => process.phase("collect")));
  }, 300_000);
  afterAll(async () => {
    participants.close();
    await made.close();
  });

  it("sign the study, and say so to participants", async () => {
    await participants.checkAgreed();
  });

  it("let nobody connect as a server without one of the pinned certificates, nor with one's own swapped", async () => {
    const { host, port } = made.study.descriptor.servers[0] as Institution;
    const stranger = await institutions();
    const strange = await readIdentity(stranger.folderOf(0));
    await stranger.close();
    // One's own certificate comes from oneself only: nobody else has its key.
    const swapped = await readIdentity(made.folderOf(0));
    for (const identity of [undefined, strange, swapped]) {
      const received: Buffer[] = [];
      await new Promise<void>((resolve) => {
        const socket = connect({
          host,
          port,
          rejectUnauthorized: false,
          minVersion: "TLSv1.3",
          ALPNProtocols: [PEER_PROTOCOL],
          ...(identity ? { key: identity.key, cert: identity.certificate } : {}),
        });
        socket.on("data", (bytes) => received.push(bytes));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
      });
      expect(Buffer.concat(received)).toHaveLength(0);
    }
    await vi.waitUntil(() => processes[0]?.log.filter(({ event }) => event === "peer-refused").length === 3, 20_000);
  });

  it("speak TLS 1.3 only", async () => {
    const { host, port } = made.study.descriptor.servers[0] as Institution;
    const error = await new Promise<Error>((resolve) => {
      connect({ host, port, rejectUnauthorized: false, maxVersion: "TLSv1.2" }).on("error", resolve);
    });
    expect(String(error)).toMatch(/protocol version/i);
  });

  it("refuse strangers, other studies and contributions of another length", async () => {
    const server = made.study.descriptor.servers[0] as Institution;
    const path = `/v1/studies/${made.study.digest}/contribution`;
    const body = Buffer.alloc(contributionBytes(made.study));
    const invitation = made.invitations[0] as string;
    expect((await ask(server, "POST", path, "00000-00000-00000-00000-00000-00", body)).status).toBe(403);
    expect((await ask(server, "POST", path, undefined, body)).status).toBe(403);
    expect((await ask(server, "POST", path, invitation, body.subarray(4))).status).toBe(413);
    const other = path.replace(made.study.digest, "0".repeat(64));
    expect((await ask(server, "POST", other, invitation, body)).status).toBe(404);
  });

  it("take each place once, and let its owner send again", async () => {
    const server = made.study.descriptor.servers[0] as Institution;
    const path = `/v1/studies/${made.study.digest}/contribution`;
    tokens[0] = await takePart(participants, made, 0);
    const body = randomBytes(contributionBytes(made.study));
    expect((await ask(server, "POST", path, made.invitations[0] as string, body)).status).toBe(409);
    // The same owner, with new shares for all servers.
    const words = new Uint32Array(contributionLength(made.study));
    const table = collisionTable(memberData(1), shapeOf(made.study.descriptor, 1), randomWords);
    words.set(table.heard);
    words.set(table.own, table.heard.length);
    const token = randomBytes(32);
    for (let attempt = 0; attempt < 2; attempt++) {
      const head = Buffer.concat([randomBytes(16), digestOf(token)]);
      const shares = REPLICATED.split(words, randomWords);
      for (const [i, institution] of made.study.descriptor.servers.entries()) {
        const bytes = (shares[i] ?? []).map((part) => Buffer.from(part.buffer));
        if (i === 0) knownShares = Buffer.concat(bytes);
        const sent = await ask(
          institution,
          "POST",
          path,
          made.invitations[1] as string,
          Buffer.concat([head, ...bytes]),
        );
        expect(sent.status).toBe(201);
      }
    }
    tokens[1] = token.toString("hex");
  });

  it("give each bearer of a token the right answer, and whoever asks for another's what they give for none", async () => {
    for (let number = 2; number < made.invitations.length; number++)
      tokens[number] = await takePart(participants, made, number);
    await Promise.all(processes.map((process) => process.phase("return")));
    const server = made.study.descriptor.servers[0] as Institution;
    const path = `/v1/studies/${made.study.digest}/answer`;
    const wrong = await Promise.all(
      [randomBytes(32).toString("hex"), made.invitations[3] as string, undefined].map((token) =>
        ask(server, "GET", path, token),
      ),
    );
    const first = collisionAnswer((await participants.answer(tokens[0] as string))?.[0] as Uint32Array);
    expect(first).toEqual({ exposed: false, first: null });
    wrong.push(await ask(server, "GET", path, tokens[0]));
    for (const answer of wrong) expect(answer).toEqual({ status: 404, body: wrong[0]?.body });
    for (const [number, token] of tokens.entries()) {
      if (number === 0) continue;
      const answer = collisionAnswer((await participants.answer(token))?.[0] as Uint32Array);
      expect(answer).toEqual(number >= 10 ? { exposed: true, first: number } : { exposed: false, first: null });
      // The last answer is fetched when server 1's heap has been looked at.
      if (number === tokens.length - 2) break;
    }
  });

  it("hold no array of a contribution's size in memory, nor a piece of its shares in any file, when they have computed", async () => {
    const [process0] = processes as [ServerProcess];
    process.kill(process0.pid, "SIGUSR2");
    const snapshot = await vi.waitUntil(
      () => readdirSync(made.folderOf(0)).find((name) => name.endsWith(".heapsnapshot")),
      { timeout: 60_000 },
    );
    const path = join(made.folderOf(0), snapshot);
    const text = await vi.waitUntil(
      async () => {
        const read = await readFile(path, "utf8");
        return read.trimEnd().endsWith("]}") ? read : undefined;
      },
      { timeout: 120_000, interval: 500 },
    );
    // Sizes of what lies behind array buffers ("system / JSArrayBufferData").
    const {
      snapshot: { meta },
      nodes,
      strings,
    } = JSON.parse(text) as {
      snapshot: { meta: { node_fields: string[] } };
      nodes: number[];
      strings: string[];
    };
    const fields = meta.node_fields;
    const sizes = new Set<number>();
    for (let at = 0; at < nodes.length; at += fields.length)
      if (/ArrayBufferData/.test(strings[nodes[at + fields.indexOf("name")] as number] as string))
        sizes.add(nodes[at + fields.indexOf("self_size")] as number);
    expect(sizes.size).toBeGreaterThan(3);
    expect(sizes).not.toContain(knownShares.length);
    expect(sizes).not.toContain(contributionBytes(made.study));
    await writeFile(path, "");
    for (const file of filesOf(made.folderOf(0)))
      for (let at = 0; at + 16 <= knownShares.length; at += 16)
        expect(file.includes(knownShares.subarray(at, at + 16))).toBe(false);
  });

  it("go through the five phases in order, delete everything and end, when all answers are fetched", async () => {
    await participants.answer(tokens.at(-1) as string);
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    for (const process of processes) expect(phasesOf(process)).toEqual(PHASES);
    const reports = await Promise.all(processes.map((process) => process.report()));
    const same = reports.map(({ circuitDigest, ands, rounds }) => ({ circuitDigest, ands, rounds }));
    expect(same[1]).toEqual(same[0]);
    expect(same[2]).toEqual(same[0]);
    for (const i of SERVERS)
      for (const name of readdirSync(made.folderOf(i)))
        expect((statSync(join(made.folderOf(i), name)).mode & 0o777).toString(8), name).toMatch(/^600$|^644$/);
  });

  it("run a study once only", async () => {
    const again = made.start(0);
    expect(await again.ended).toBe(4);
    expect(again.log.map(({ why, text }) => String(why ?? text)).join()).toContain("was run already");
  });
});

describe.each(["agree", "collect", "compute", "return"])("a server killed in the phase %s", (phase) => {
  it("ends the study at the others, with nothing returned", async () => {
    const made = await institutions();
    const participants = new Participants(made.study, 4);
    try {
      const victim = made.start(2);
      // Without the second server, the first and the third wait in the phase "agree".
      const others = (phase === "agree" ? [0] : [0, 1]).map((i) => made.start(i));
      const tokens: string[] = [];
      if (phase === "agree") await others[0]?.line("peer-met");
      else await Promise.all([victim, ...others].map((process) => process.phase("collect")));
      const few = phase === "agree" ? 0 : phase === "collect" ? 3 : made.invitations.length - 1;
      for (let number = 0; number < few; number++) tokens.push(await takePart(participants, made, number));
      if (phase === "compute" || phase === "return") {
        const last = takePart(participants, made, few).catch(() => undefined);
        await victim.phase(phase);
        victim.kill();
        await last;
      } else victim.kill();
      expect(await Promise.all(others.map(({ ended }) => ended))).toEqual(others.map(() => 5));
      for (const other of others) {
        // Whoever hears it first ends, too, and may be the one that the other misses first.
        const why = expect.stringMatching(/server [1-3] \(institution [1-3]\) failed/);
        expect(other.log.find(({ event }) => event === "ended")).toMatchObject({ phase: expect.any(String), why });
        expect(other.log.at(-2)).toMatchObject({ event: "deleted" });
        expect(phasesOf(other)).not.toContain("delete");
      }
      for (const token of tokens) await expect(participants.answer(token)).rejects.toThrow("gave no answer");
    } finally {
      participants.close();
      await made.close();
    }
  }, 300_000);
});

it("a study of fewer people than it says ends without a result", async () => {
  const made = await institutions();
  try {
    const { descriptor } = made.study;
    expect(descriptor.places.length).toBe(descriptor.leastCohort);
    const soon = { ...descriptor, collectUntil: Math.floor(Date.now() / 1000) + 45 };
    await writeFile(made.file, `${JSON.stringify(soon)}\n`);
    const processes = SERVERS.map((i) => made.start(i));
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([4, 4, 4]);
    for (const process of processes)
      expect(process.log.find(({ event }) => event === "ended")?.why).toContain("fewer than 20");
  } finally {
    await made.close();
  }
}, 300_000);
