/** So many bytes that nobody can guess; injected, so that tests can repeat them. */
export type RandomBytes = (count: number) => Buffer;
