/** CRC-32 (IEEE, as zlib's): of `data`, continuing from `previous` when given. Unsigned. */
export type Crc32 = (data: Uint8Array, previous?: number) => number
