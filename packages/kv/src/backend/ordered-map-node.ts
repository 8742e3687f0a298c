/** Nodes of the B+ tree of ordered-map.ts, and how they are read: by key, and along the order both ways. */

export interface Leaf<V> {
  readonly kind: 'leaf'
  readonly owner: object
  readonly keys: string[]
  readonly values: V[]
}

/** `keys[i]` separates children[i] (below it) from children[i + 1] (from it on). */
export interface Branch<V> {
  readonly kind: 'branch'
  readonly owner: object
  readonly keys: string[]
  readonly children: Node<V>[]
}

export type Node<V> = Leaf<V> | Branch<V>

/** First position whose key is not below `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Which child holds `key`: the number of separators that are not above it. */
export function childIndex(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) <= key) low = middle + 1
    else high = middle
  }
  return low
}

/** The leaf where the key is, or would be. */
export function leafOf<V>(root: Node<V>, key: string): Leaf<V> {
  let node = root
  while (node.kind === 'branch') node = node.children[childIndex(node.keys, key)] as Node<V>
  return node
}

export function find<V>(root: Node<V>, key: string): V | undefined {
  const leaf = leafOf(root, key)
  const at = lowerBound(leaf.keys, key)
  return leaf.keys[at] === key ? leaf.values[at] : undefined
}

/** Part `from`..`end`-1 of a leaf. False ends the walk. */
type Visit<V> = (leaf: Leaf<V>, from: number, end: number) => boolean

/** Visits the leaves that hold keys of from <= key < to, upwards; null = no upper bound. */
export function walkUp<V>(node: Node<V>, from: string, to: string | null, visit: Visit<V>): boolean {
  const { keys } = node
  if (node.kind === 'leaf') {
    const end = to === null ? keys.length : lowerBound(keys, to)
    const begin = from === '' ? 0 : lowerBound(keys, from)
    return (begin >= end || visit(node, begin, end)) && end === keys.length
  }
  const first = from === '' ? 0 : childIndex(keys, from)
  for (let at = first; at < node.children.length; at++) {
    if (at > first && to !== null && (keys[at - 1] as string) >= to) return false
    if (!walkUp(node.children[at] as Node<V>, at === first ? from : '', to, visit)) return false
  }
  return true
}

/** As walkUp, downwards: each leaf's part is to be read from its end. */
export function walkDown<V>(node: Node<V>, from: string, to: string | null, visit: Visit<V>): boolean {
  const { keys } = node
  if (node.kind === 'leaf') {
    const end = to === null ? keys.length : lowerBound(keys, to)
    const begin = from === '' ? 0 : lowerBound(keys, from)
    return (begin >= end || visit(node, begin, end)) && begin === 0
  }
  const last = to === null ? keys.length : lowerBound(keys, to)
  for (let at = last; at >= 0; at--) {
    if (!walkDown(node.children[at] as Node<V>, from, at === last ? to : null, visit)) return false
    if (at > 0 && (keys[at - 1] as string) <= from) return false
  }
  return true
}
