/** Fails the case with a message that names what was found. */
export function expectEqual(
  what: string,
  found: string | number | boolean | undefined,
  wanted: string | number | boolean | undefined,
): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}

/** Fails the case unless `action` throws an error whose message contains `words`. */
export async function expectThrows(action: () => Promise<void>, words: string): Promise<void> {
  let message = "nothing was thrown";
  try {
    await action();
  } catch (error) {
    message = (error as Error).message;
  }
  if (message.indexOf(words) < 0) throw new Error(`expected an error with "${words}": ${message}`);
}
