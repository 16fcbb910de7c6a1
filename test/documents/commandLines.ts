// The command lines of README.md and docs/, and the output that is shown for them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tools";

/** Every page of the project, README first. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true })
    .map((name) => `docs/${String(name)}`)
    .filter((name) => name.endsWith(".md"))
    .sort(),
];

/** A command line as it stands in a document, without what only a shell reads: `&` at its end, `&&`, comments. */
export interface CommandLine {
  readonly document: string;
  /** Of the document, from 1. */
  readonly line: number;
  /** Starts with `chirpfob` or `npm`: `npx` in front of chirpfob is left out. */
  readonly text: string;
}

/** Command lines that stand together, and the output (a fence of kind `text`) that the document shows for them. */
export interface Block {
  readonly commands: readonly CommandLine[];
  readonly shows: readonly string[];
}

/** A part of a document under one `##` heading. */
export interface Chapter {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** @param markdown the document's text; by default it is read from its file */
export function chaptersOf(document: string, markdown = readFileSync(join(ROOT, document), "utf8")): Chapter[] {
  const chapters: { title: string; blocks: { commands: CommandLine[]; shows: string[] }[] }[] = [];
  const chapter = (title: string) => chapters[chapters.push({ title, blocks: [] }) - 1];
  let current = chapter("");
  let fence: string | undefined;
  let indent = "";
  let isNewBlock = true;
  for (const [i, line] of markdown.split("\n").entries()) {
    const mark = /^(\s*)```(\w*)/.exec(line);
    if (mark) {
      fence = fence === undefined ? (mark[2] ?? "") : undefined;
      indent = mark[1] ?? "";
      isNewBlock = true;
    } else if (fence === undefined && line.startsWith("## ")) current = chapter(line.slice(3));
    else if (fence === "text") {
      const block = current?.blocks.at(-1);
      if (!block) throw new Error(`${document}:${i + 1}: output without a command line in front of it`);
      block.shows.push((line.startsWith(indent) ? line.slice(indent.length) : line).trimEnd());
    } else if (fence !== undefined || line.startsWith("    ")) {
      for (const text of commandsIn(line)) {
        if (isNewBlock) current?.blocks.push({ commands: [], shows: [] });
        isNewBlock = false;
        current?.blocks.at(-1)?.commands.push({ document, line: i + 1, text });
      }
    } else if (line.trim() !== "") isNewBlock = true;
  }
  return chapters.filter(({ blocks }) => blocks.length > 0);
}

function commandsIn(code: string): string[] {
  return code
    .replace(/\s#.*$/, "")
    .split(/\s&&\s/)
    .map((part) =>
      part
        .trim()
        .replace(/\s&$/, "")
        .replace(/^npx (?=chirpfob\b)/, ""),
    )
    .filter((part) => /^(chirpfob|npm|npx)\s/.test(part));
}

/** Every command line of a document. */
export function commandLines(document: string): CommandLine[] {
  return chaptersOf(document).flatMap(({ blocks }) => blocks.flatMap(({ commands }) => commands));
}

/** What prose quotes of the command line: `chirpfob doctor`, `chirpfob boards ID`. */
export function quotedCommands(document: string): string[] {
  const prose = readFileSync(join(ROOT, document), "utf8").replace(/^\s*```[\s\S]*?^\s*```$/gm, "");
  return [...prose.matchAll(/`(?:npx )?(chirpfob\s[^`]+)`/g)].map((match) =>
    (match[1] as string).replace(/\s+/g, " ").trim(),
  );
}

/** The words of a command line, as a shell would separate them. */
export function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
}
