import { crc32 as zlibCrc32 } from 'node:zlib'
import type { Crc32 } from '@balsa/raft'

/** zlib's native CRC-32 (Node 20.15 and later): 3 GB/s where JavaScript reaches 0.6. */
export const crc32: Crc32 = (data, previous = 0) => zlibCrc32(data, previous)
