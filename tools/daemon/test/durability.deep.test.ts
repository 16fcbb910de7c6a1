// A power cut: the disk then holds what was forced to it and nothing else. A layer over fsync keeps a copy of the folder that
// holds each file as it was when it was last forced; a database that is opened on the copy must have every answered statement.

import nodeFs from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openEmbedded } from "../database/embedded";
import { temporaryFolder } from "./cleanUp";

const UPLOAD = Buffer.alloc(20_000, 0x5a);
const CUTS = [1, 4];

vi.setConfig({ testTimeout: 300_000 });
afterEach(() => {
  vi.restoreAllMocks();
});

describe("The embedded database", () => {
  it.runIf(process.platform === "linux")("has every row whose statement was answered after a power cut", async () => {
    const folder = join(await temporaryFolder(), "database");
    const database = await openEmbedded(folder);
    const disk = join(await temporaryFolder(), "disk");
    await cp(folder, disk, { recursive: true });
    const { fsyncSync } = nodeFs;
    let forced = 0;
    vi.spyOn(nodeFs, "fsyncSync").mockImplementation((fd) => {
      fsyncSync(fd);
      const path = relative(folder, nodeFs.readlinkSync(`/proc/self/fd/${fd}`));
      if (path.startsWith("..") || nodeFs.fstatSync(fd).isDirectory()) return;
      nodeFs.mkdirSync(dirname(join(disk, path)), { recursive: true });
      nodeFs.copyFileSync(join(folder, path), join(disk, path));
      forced++;
    });
    await database.query("create table kept (id integer primary key, file bytea not null)");
    const cuts: { readonly count: number; readonly disk: string }[] = [];
    for (let id = 1; id <= Math.max(...CUTS); id++) {
      await database.query("insert into kept (id, file) values ($1, $2)", [id, UPLOAD]);
      if (!CUTS.includes(id)) continue;
      const cut = join(await temporaryFolder(), "cut");
      await cp(disk, cut, { recursive: true });
      cuts.push({ count: id, disk: cut });
    }
    expect(forced).toBeGreaterThan(CUTS.length);
    await database.close();
    vi.restoreAllMocks();
    for (const { count, disk: cut } of cuts) {
      const after = await openEmbedded(cut);
      const rows = await after.query<{ id: number; file: Buffer }>("select id, file from kept order by id");
      expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      for (const { file } of rows) expect(file.equals(UPLOAD)).toBe(true);
      await after.close();
    }
  });

  it("keeps nothing of a deleted row when its log was dropped", async () => {
    const folder = join(await temporaryFolder(), "database");
    const database = await openEmbedded(folder);
    await database.query("create table kept (id integer primary key, file bytea not null)");
    const secret = Buffer.from("the secret of the deleted row ".repeat(50));
    for (let id = 0; id < 20; id++) await database.query("insert into kept (id, file) values ($1, $2)", [id, secret]);
    expect(await holds(folder, secret)).not.toEqual([]);
    await database.query("delete from kept");
    await database.query("vacuum kept");
    await database.dropLog();
    expect(await holds(folder, secret)).toEqual([]);
    await database.query("insert into kept (id, file) values (1, $1)", [UPLOAD]);
    await database.close();
  });
});

/** The files below a folder that contain some bytes. */
async function holds(folder: string, bytes: Buffer): Promise<string[]> {
  const found: string[] = [];
  for (const entry of nodeFs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (nodeFs.readFileSync(path).includes(bytes)) found.push(relative(folder, path));
  }
  return found;
}
