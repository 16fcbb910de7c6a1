// DeviceScript numbers a program's property names in the order in which it meets them. In code the first 248 numbers take one
// byte and all others three, so a program that mentions its most used names first is smaller by a fiftieth.

/** A property that is read, written or called. */
const USE = /\.([a-z_]\w*)/g;
/** A method where it is declared, which puts it into its class's prototype. */
const METHOD = /^ +(?:(?:private|protected|override|static|async) )*([a-z]\w*)\(.*\{$/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/** Used once, a name is met where it is used. */
const LEAST_USES = 2;

/**
 * Source that mentions the names of a program, the most used ones first, and does nothing. To be imported before anything else.
 *
 * @param sources the text of the program's files
 */
export function shortNamesSource(sources: readonly string[]): string {
  const uses = new Map<string, number>();
  for (const source of sources) {
    const code = source.replace(COMMENT, "");
    for (const pattern of [USE, METHOD])
      for (const [, name = ""] of code.matchAll(pattern)) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const names = [...uses].filter(([, count]) => count >= LEAST_USES);
  names.sort(([a, usesOfA], [b, usesOfB]) => usesOfB - usesOfA || (a < b ? -1 : 1));
  return names.map(([name]) => `"${name}";\n`).join("");
}
