import { invariant } from '@balsa/raft'

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

interface Leaf<V> {
  readonly kind: 'leaf'
  readonly owner: object
  readonly keys: string[]
  readonly values: V[]
}

/** `keys[i]` separates children[i] (below it) from children[i + 1] (from it on). */
interface Branch<V> {
  readonly kind: 'branch'
  readonly owner: object
  readonly keys: string[]
  readonly children: Node<V>[]
}

type Node<V> = Leaf<V> | Branch<V>

interface Split<V> {
  readonly key: string
  readonly right: Node<V>
}

/** First position whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
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
function childIndex(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) <= key) low = middle + 1
    else high = middle
  }
  return low
}

function find<V>(root: Node<V>, key: string): V | undefined {
  let node = root
  while (node.kind === 'branch') node = node.children[childIndex(node.keys, key)] as Node<V>
  const at = lowerBound(node.keys, key)
  return node.keys[at] === key ? node.values[at] : undefined
}

function* walk<V>(root: Node<V>): Generator<readonly [string, V], void, undefined> {
  const pending: Node<V>[] = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.kind === 'branch') {
      for (let at = node.children.length - 1; at >= 0; at--) pending.push(node.children[at] as Node<V>)
    } else {
      for (let at = 0; at < node.keys.length; at++) yield [node.keys[at] as string, node.values[at] as V]
    }
  }
}

/** The map as it was at one moment. Never changes. */
export interface OrderedMapCut<V> {
  readonly size: number
  get(key: string): V | undefined
  /** In the order of the keys. */
  entries(): Generator<readonly [string, V], void, undefined>
}

export class OrderedMap<V> {
  #owner: object = {}
  #root: Node<V> = { kind: 'leaf', owner: this.#owner, keys: [], values: [] }
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    return find(this.#root, key)
  }

  entries(): Generator<readonly [string, V], void, undefined> {
    return this.cut().entries()
  }

  /** The present state, in constant time. Later changes copy the nodes that they touch, once each. */
  cut(): OrderedMapCut<V> {
    const root = this.#root
    this.#owner = {}
    return { size: this.#size, get: (key) => find(root, key), entries: () => walk(root) }
  }

  set(key: string, value: V): void {
    const root = this.#editable(this.#root)
    this.#root = root
    const split = this.#insert(root, key, value)
    if (split === null) return
    this.#root = { kind: 'branch', owner: this.#owner, keys: [split.key], children: [root, split.right] }
  }

  /** False when there was no such key. */
  delete(key: string): boolean {
    if (find(this.#root, key) === undefined) return false
    const root = this.#editable(this.#root)
    this.#remove(root, key)
    this.#root = root
    while (this.#root.kind === 'branch' && this.#root.children.length === 1) this.#root = this.#root.children[0] as Node<V>
    return true
  }

  #editable(node: Node<V>): Node<V> {
    if (node.owner === this.#owner) return node
    if (node.kind === 'leaf') return { kind: 'leaf', owner: this.#owner, keys: node.keys.slice(), values: node.values.slice() }
    return { kind: 'branch', owner: this.#owner, keys: node.keys.slice(), children: node.children.slice() }
  }

  #insert(node: Node<V>, key: string, value: V): Split<V> | null {
    if (node.kind === 'leaf') {
      const at = lowerBound(node.keys, key)
      if (node.keys[at] === key) {
        node.values[at] = value
        return null
      }
      node.keys.splice(at, 0, key)
      node.values.splice(at, 0, value)
      this.#size += 1
      return node.keys.length > MAX_KEYS ? this.#splitLeaf(node) : null
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

  #splitLeaf(node: Leaf<V>): Split<V> {
    const half = node.keys.length >>> 1
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
