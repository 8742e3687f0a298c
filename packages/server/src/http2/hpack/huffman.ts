/**
 * Huffman code of RFC 7541 appendix B. The code is canonical, so the lengths alone say everything. Decoding goes through a table by half bytes: a
 * state is an inner node of the code tree, and no code is shorter than five bits, so half a byte ends at most one symbol.
 */
import type { ByteOutput } from '../byte-output.js'
import { HpackError } from './hpack-error.js'

/** Bits of the code of each symbol; the last one is EOS. */
// biome-ignore format: a table
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12,
  13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14,
  13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21,
  20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23,
  22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
  25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const EOS = 256

const codes = new Uint32Array(LENGTHS.length)
const lengths = Uint8Array.from(LENGTHS)

/** Of one step: bits 0-7 the symbol, then whether there is one, whether the text may end here, whether the code is wrong, and the next state above. */
const EMITS = 1 << 8
const MAY_END = 1 << 9
const WRONG = 1 << 10
const STATE_SHIFT = 11
/** state * 16 + half byte -> step. */
const steps = buildSteps(buildTree())

function buildTree(): Int32Array[] {
  const order = [...LENGTHS.keys()].sort((a, b) => (LENGTHS[a] ?? 0) - (LENGTHS[b] ?? 0) || a - b)
  // A child is the number of an inner node, or -1 - symbol.
  const tree: Int32Array[] = [new Int32Array(2)]
  let code = 0
  let bits = 0
  for (const symbol of order) {
    const length = LENGTHS[symbol] ?? 0
    code <<= length - bits
    bits = length
    codes[symbol] = code
    let node = tree[0] as Int32Array
    for (let bit = length - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1
      if (node[side] === 0) node[side] = tree.push(new Int32Array(2)) - 1
      node = tree[node[side] as number] as Int32Array
    }
    node[code & 1] = -1 - symbol
    code++
  }
  return tree
}

function buildSteps(tree: readonly Int32Array[]): Uint32Array {
  const table = new Uint32Array(tree.length * 16)
  const ends = nodesOfPadding(tree)
  for (let state = 0; state < tree.length; state++) {
    for (let half = 0; half < 16; half++) {
      let node = state
      let step = 0
      for (let bit = 3; bit >= 0; bit--) {
        const child = tree[node]?.[(half >>> bit) & 1] ?? 0
        node = Math.max(child, 0)
        if (child >= 0) continue
        const symbol = -1 - child
        step |= symbol === EOS ? WRONG : EMITS | symbol
      }
      if (ends.has(node)) step |= MAY_END
      table[state * 16 + half] = (step | (node << STATE_SHIFT)) >>> 0
    }
  }
  return table
}

/** Inner nodes that up to seven one-bits lead to: the padding is the beginning of EOS, and shorter than a byte (RFC 7541 5.2). */
function nodesOfPadding(tree: readonly Int32Array[]): ReadonlySet<number> {
  const nodes = new Set<number>([0])
  let node = 0
  for (let bit = 0; bit < 7; bit++) {
    node = tree[node]?.[1] ?? 0
    nodes.add(node)
  }
  return nodes
}

/**
 * Decodes `bytes[start, end)` into `target` from 0 and returns how many bytes came out. `target` needs room for 8/5 of the input.
 * Throws HpackError: EOS inside, or padding that is no beginning of EOS or a byte or longer.
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let length = 0
  let state = 0
  let step = MAY_END
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    step = steps[(state << 4) | (byte >>> 4)] as number
    if ((step & EMITS) !== 0) target[length++] = step
    if ((step & WRONG) !== 0) break
    state = step >>> STATE_SHIFT
    step = steps[(state << 4) | (byte & 15)] as number
    if ((step & EMITS) !== 0) target[length++] = step
    if ((step & WRONG) !== 0) break
    state = step >>> STATE_SHIFT
  }
  if ((step & MAY_END) === 0 || (step & WRONG) !== 0) throw new HpackError('a Huffman string ends wrongly')
  return length
}

/** Bytes that `text` (characters up to 255) takes in Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let at = 0; at < text.length; at++) bits += lengths[text.charCodeAt(at) & 0xff] as number
  return (bits + 7) >>> 3
}

export function huffmanEncode(text: string, out: ByteOutput): void {
  let held = 0
  let bits = 0
  for (let at = 0; at < text.length; at++) {
    const symbol = text.charCodeAt(at) & 0xff
    let code = codes[symbol] as number
    let length = lengths[symbol] as number
    // At most 7 bits are held: more than 24 at once would not fit into 32.
    if (length > 24) {
      const upper = length - 24
      held = (held << upper) | (code >>> 24)
      bits += upper
      code &= 0xff_ffff
      length = 24
      for (; bits >= 8; bits -= 8) out.byte((held >>> (bits - 8)) & 0xff)
      held &= (1 << bits) - 1
    }
    held = (held << length) | code
    bits += length
    for (; bits >= 8; bits -= 8) out.byte((held >>> (bits - 8)) & 0xff)
    held &= (1 << bits) - 1
  }
  if (bits > 0) out.byte(((held << (8 - bits)) | ((1 << (8 - bits)) - 1)) & 0xff)
}
