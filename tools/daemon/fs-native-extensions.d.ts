declare module "fs-native-extensions" {
  /** Asks for an exclusive lock on an open file (open file description locks on Linux, flock on macOS, LockFileEx on Windows). */
  export function tryLock(fd: number): boolean;
}
