// index.txt of an export feed: the paths of its files, oldest first, one a line.

import { FormatError } from "../../protocol/base/formatError";

/** More than any feed's index has. */
export const MAX_INDEX_BYTES = 1024 * 1024;
const MAX_FILES = 10_000;
const PATH = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*\.zip$/;

/**
 * Reads the paths that an index lists, relative to the feed's root.
 *
 * @throws FormatError for another charset, for paths that leave the root, and for more of them than a feed has
 */
export function parseExportIndex(index: Buffer): string[] {
  if (index.length > MAX_INDEX_BYTES)
    throw new FormatError("index", MAX_INDEX_BYTES, `${index.length} bytes, must be at most ${MAX_INDEX_BYTES}`);
  const paths: string[] = [];
  let offset = 0;
  for (const line of index.toString("latin1").split("\n")) {
    const path = line.replace(/\r$/, "");
    if (path !== "") {
      if (!PATH.test(path))
        throw new FormatError("index.path", offset, "must be a path below the feed, ending in .zip");
      if (paths.push(path) > MAX_FILES) throw new FormatError("index", offset, `more than ${MAX_FILES} files`);
    }
    offset += line.length + 1;
  }
  return paths;
}

/** What a reader has not seen yet: all that stands behind `lastSeen`, or everything if that has left the index. */
export function pathsAfter(paths: readonly string[], lastSeen: string | undefined): readonly string[] {
  return lastSeen === undefined ? paths : paths.slice(paths.lastIndexOf(lastSeen) + 1);
}

/**
 * The address of a listed file. Paths are relative to the feed's root, and the index lies in the folder of its region,
 * which they begin with; where they do not, the index lies in the root itself.
 */
export function addressOf(index: URL, path: string): URL {
  const folder = /([^/]+)\/[^/]*$/.exec(index.pathname)?.[1];
  const isBelowRoot = folder !== undefined && path.startsWith(`${folder}/`);
  return new URL(isBelowRoot ? `../${path}` : path, index);
}
