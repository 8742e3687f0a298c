import { invariant } from '@balsa/raft'
import { childIndex, find, type Leaf, leafOf, lowerBound, type Branch, type Node, walkDown, walkUp } from './ordered-map-node.js'

/**
 * A B+ tree over strings in the order of their characters, with cuts that cost nothing: `cut()` hands out the present root, and whatever the
 * map changes afterwards it copies first (copy-on-write by node). A node may be changed in place only by its owner; taking a cut makes the
 * map a new owner, so all present nodes are frozen for ever. The order of iteration depends on the keys alone, never on history.
 */

const MAX_KEYS = 64
/** Below this a node looks for a neighbour to merge with. */
const FEW_KEYS = 20
/** A merged node leaves room, so that the next insertion does not split it again. */
const MERGED_KEYS = 48

interface Split<V> {
  readonly key: string
  readonly right: Node<V>
}

/** An ordered map as somebody sees it who only reads. Ranges are half-open: from <= key < to; null = no upper bound. */
export interface OrderedMapReader<V> {
  readonly size: number
  get(key: string): V | undefined
  /** The first `limit` entries of the range, or the last ones, highest first, when `reverse`. */
  page(from: string, to: string | null, reverse: boolean, limit: number): OrderedMapEntry<V>[]
  keys(from: string, to: string | null, reverse: boolean, limit: number): string[]
  /** How many keys the range holds, at most `limit`. */
  count(from: string, to: string | null, limit: number): number
}

export interface OrderedMapEntry<V> {
  readonly key: string
  readonly value: V
}

/** The map as it was at one moment. Never changes. */
export class OrderedMapCut<V> implements OrderedMapReader<V> {
  readonly size: number
  readonly #root: Node<V>

  constructor(root: Node<V>, size: number) {
    this.#root = root
    this.size = size
  }

  get(key: string): V | undefined {
    return find(this.#root, key)
  }

  page(from: string, to: string | null, reverse: boolean, limit: number): OrderedMapEntry<V>[] {
    return page(this.#root, from, to, reverse, limit)
  }

  keys(from: string, to: string | null, reverse: boolean, limit: number): string[] {
    return keys(this.#root, from, to, reverse, limit)
  }

  count(from: string, to: string | null, limit: number): number {
    return count(this.#root, from, to, limit)
  }
}

function page<V>(root: Node<V>, from: string, to: string | null, reverse: boolean, limit: number): OrderedMapEntry<V>[] {
  const found: OrderedMapEntry<V>[] = []
  if (reverse) {
    walkDown(root, from, to, (leaf, begin, end) => {
      for (let at = end - 1; at >= begin && found.length < limit; at--)
        found.push({ key: leaf.keys[at] as string, value: leaf.values[at] as V })
      return found.length < limit
    })
  } else {
    walkUp(root, from, to, (leaf, begin, end) => {
      for (let at = begin; at < end && found.length < limit; at++) found.push({ key: leaf.keys[at] as string, value: leaf.values[at] as V })
      return found.length < limit
    })
  }
  return found
}

function keys<V>(root: Node<V>, from: string, to: string | null, reverse: boolean, limit: number): string[] {
  const found: string[] = []
  const walk = reverse ? walkDown : walkUp
  walk(root, from, to, (leaf, begin, end) => {
    const room = limit - found.length
    if (reverse) for (let at = end - 1; at >= begin && end - at <= room; at--) found.push(leaf.keys[at] as string)
    else for (let at = begin; at < end && at - begin < room; at++) found.push(leaf.keys[at] as string)
    return found.length < limit
  })
  return found
}

function count<V>(root: Node<V>, from: string, to: string | null, limit: number): number {
  let counted = 0
  walkUp(root, from, to, (_leaf, begin, end) => {
    counted += end - begin
    return counted < limit
  })
  return Math.min(counted, limit)
}

export class OrderedMap<V> implements OrderedMapReader<V> {
  #owner: object = {}
  #root: Node<V> = { kind: 'leaf', owner: this.#owner, keys: [], values: [] }
  #size = 0
  #replaced: V | undefined = undefined
  /** Where the last key was that was looked up or set: it is often set next. Leaves that are not of this map any more have another owner, or none. */
  #lastLeaf: Leaf<V> | null = null
  #lastAt = 0

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    const leaf = leafOf(this.#root, key)
    const at = lowerBound(leaf.keys, key)
    if (leaf.keys[at] !== key) return undefined
    this.#lastLeaf = leaf
    this.#lastAt = at
    return leaf.values[at]
  }

  page(from: string, to: string | null, reverse: boolean, limit: number): OrderedMapEntry<V>[] {
    return page(this.#root, from, to, reverse, limit)
  }

  keys(from: string, to: string | null, reverse: boolean, limit: number): string[] {
    return keys(this.#root, from, to, reverse, limit)
  }

  count(from: string, to: string | null, limit: number): number {
    return count(this.#root, from, to, limit)
  }

  /** The present state, in constant time. Later changes copy the nodes that they touch, once each. */
  cut(): OrderedMapCut<V> {
    this.#owner = {}
    this.#lastLeaf = null
    return new OrderedMapCut(this.#root, this.#size)
  }

  /** A second map with the same content, in constant time. Each goes on by itself, and copies what it changes. */
  fork(): OrderedMap<V> {
    const { size } = this.cut()
    const fork = new OrderedMap<V>()
    fork.#root = this.#root
    fork.#size = size
    return fork
  }

  /** Answers the value that was replaced. */
  set(key: string, value: V): V | undefined {
    const last = this.#lastLeaf
    if (last !== null && last.owner === this.#owner && last.keys[this.#lastAt] === key) {
      const replaced = last.values[this.#lastAt]
      last.values[this.#lastAt] = value
      return replaced
    }
    const root = this.#editable(this.#root)
    this.#root = root
    this.#replaced = undefined
    const split = this.#insert(root, key, value)
    if (split !== null) this.#root = { kind: 'branch', owner: this.#owner, keys: [split.key], children: [root, split.right] }
    return this.#replaced
  }

  /** Answers the value that was removed; undefined when there was no such key. */
  delete(key: string): V | undefined {
    const removed = find(this.#root, key)
    if (removed === undefined) return undefined
    // Its leaf may vanish in another one.
    this.#lastLeaf = null
    const root = this.#editable(this.#root)
    this.#remove(root, key)
    this.#root = root
    while (this.#root.kind === 'branch' && this.#root.children.length === 1) this.#root = this.#root.children[0] as Node<V>
    return removed
  }

  #editable(node: Node<V>): Node<V> {
    if (node.owner === this.#owner) return node
    if (node.kind === 'leaf') return { kind: 'leaf', owner: this.#owner, keys: node.keys.slice(), values: node.values.slice() }
    return { kind: 'branch', owner: this.#owner, keys: node.keys.slice(), children: node.children.slice() }
  }

  #insert(node: Node<V>, key: string, value: V): Split<V> | null {
    if (node.kind === 'leaf') {
      const at = lowerBound(node.keys, key)
      this.#lastLeaf = node
      this.#lastAt = at
      if (node.keys[at] === key) {
        this.#replaced = node.values[at]
        node.values[at] = value
        return null
      }
      node.keys.splice(at, 0, key)
      node.values.splice(at, 0, value)
      this.#size += 1
      return node.keys.length > MAX_KEYS ? this.#splitLeaf(node, at === node.keys.length - 1) : null
    }
    const at = childIndex(node.keys, key)
    const child = this.#editable(node.children[at] as Node<V>)
    node.children[at] = child
    const split = this.#insert(child, key, value)
    if (split === null) return null
    node.keys.splice(at, 0, split.key)
    node.children.splice(at + 1, 0, split.right)
    return node.keys.length > MAX_KEYS ? this.#splitBranch(node) : null
  }

  /** Keys that come in ascending order (revisions do) would leave half-full leaves behind: after such a one the left leaf stays nearly full. */
  #splitLeaf(node: Leaf<V>, ascending: boolean): Split<V> {
    const half = ascending ? MAX_KEYS - FEW_KEYS : node.keys.length >>> 1
    const right: Leaf<V> = { kind: 'leaf', owner: this.#owner, keys: node.keys.splice(half), values: node.values.splice(half) }
    return { key: right.keys[0] as string, right }
  }

  #splitBranch(node: Branch<V>): Split<V> {
    const half = node.keys.length >>> 1
    const keys = node.keys.splice(half + 1)
    const children = node.children.splice(half + 1)
    return { key: node.keys.pop() as string, right: { kind: 'branch', owner: this.#owner, keys, children } }
  }

  #remove(node: Node<V>, key: string): void {
    if (node.kind === 'leaf') {
      const at = lowerBound(node.keys, key)
      invariant(node.keys[at] === key, 'a key that was found is in its leaf')
      node.keys.splice(at, 1)
      node.values.splice(at, 1)
      this.#size -= 1
      return
    }
    const at = childIndex(node.keys, key)
    const child = this.#editable(node.children[at] as Node<V>)
    node.children[at] = child
    this.#remove(child, key)
    if (child.keys.length >= FEW_KEYS) return
    if (at > 0 && this.#merge(node, at - 1)) return
    if (at + 1 < node.children.length && this.#merge(node, at)) return
    if (child.kind === 'leaf' && child.keys.length === 0 && node.children.length > 1) this.#dropChild(node, at)
  }

  /** Joins children `at` and `at + 1` when both fit into one. */
  #merge(parent: Branch<V>, at: number): boolean {
    const left = parent.children[at] as Node<V>
    const right = parent.children[at + 1] as Node<V>
    if (left.keys.length + right.keys.length >= MERGED_KEYS) return false
    const target = this.#editable(left)
    if (target.kind === 'leaf' && right.kind === 'leaf') {
      target.keys.push(...right.keys)
      target.values.push(...right.values)
    } else {
      invariant(target.kind === 'branch' && right.kind === 'branch', 'all leaves are equally deep')
      target.keys.push(parent.keys[at] as string, ...right.keys)
      target.children.push(...right.children)
    }
    parent.children[at] = target
    this.#dropChild(parent, at + 1)
    return true
  }

  #dropChild(parent: Branch<V>, at: number): void {
    parent.children.splice(at, 1)
    parent.keys.splice(at === 0 ? 0 : at - 1, 1)
  }
}
