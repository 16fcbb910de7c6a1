/**
 * SHA-256 of a whole message: a fresh buffer of 32 bytes. Passed in, because the keyfob's is native code and Node's a
 * library. It must not keep or change `message`, which callers reuse.
 */
export type Sha256 = (message: Buffer) => Buffer;
