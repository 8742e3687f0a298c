/**
 * Files, as a log needs them. Nothing written is durable before `datasync` of the file, and no name before `syncDirectory` of the
 * directory. Paths are absolute or relative to the process, with `/` between parts.
 * Errors are BalsaError: DISK_FULL (no space, quota), IO_ERROR (everything else, with path and system code in the text).
 */
export interface FileSystem {
  /** `create` fails when the file exists; `readwrite` and `read` fail when it does not. */
  open(path: string, mode: 'read' | 'readwrite' | 'create'): Promise<FileHandle>
  /** Names (not paths) in a directory, sorted. */
  list(directory: string): Promise<readonly string[]>
  exists(path: string): Promise<boolean>
  /** Creates the directory and missing parents, for the owner only. No error when it exists. */
  makeDirectory(directory: string): Promise<void>
  /** Atomically gives the file another name, replacing what had it. Durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  syncDirectory(directory: string): Promise<void>
}

export interface FileHandle {
  readonly path: string
  size(): Promise<number>
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>
  /**
   * Writes at once into the page cache (synchronous: measured cheaper than a trip through a thread pool). Complete or throws; after a
   * throw any part of it may have been written.
   */
  write(position: number, data: Uint8Array): void
  /** Makes what was written durable. A failure is final: the file may have lost what was written. */
  datasync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}
