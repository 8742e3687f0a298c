import type { ByteString } from '../backend/byte-string.js'
import type { Bounds } from '../mvcc/range.js'

/** Behind every key: no byte is that large. */
const INFINITE = '\uffff'

interface Node<Item> {
  readonly from: ByteString
  readonly to: ByteString
  readonly items: Set<Item>
  readonly priority: number
  /** Largest `to` in this subtree. */
  furthest: ByteString
  left: Node<Item> | null
  right: Node<Item> | null
}

/**
 * Items by the keys that they cover. Single keys are in a map; ranges in a tree ordered by their beginnings, in which each node knows how far its subtree
 * reaches (Cormen, section 14.3), balanced as a treap. To find the items of a key costs about log(ranges) + items, however many others there are.
 */
export class RangeIndex<Item> {
  readonly #keys = new Map<ByteString, Set<Item>>()
  readonly #ranges = new Map<string, Node<Item>>()
  #root: Node<Item> | null = null
  #size = 0
  #seed = 1

  get size(): number {
    return this.#size
  }

  /** An item is added once, and removed with equal bounds. */
  add(bounds: Bounds, item: Item): void {
    this.#size += 1
    if (isSingle(bounds)) {
      const items = this.#keys.get(bounds.from)
      if (items === undefined) this.#keys.set(bounds.from, new Set([item]))
      else items.add(item)
      return
    }
    const name = nameOf(bounds)
    const node = this.#ranges.get(name)
    if (node !== undefined) {
      node.items.add(item)
      return
    }
    const fresh = this.#node(bounds, item)
    this.#ranges.set(name, fresh)
    this.#root = insert(this.#root, fresh)
  }

  remove(bounds: Bounds, item: Item): void {
    if (isSingle(bounds)) {
      const items = this.#keys.get(bounds.from)
      if (items?.delete(item) !== true) return
      this.#size -= 1
      if (items.size === 0) this.#keys.delete(bounds.from)
      return
    }
    const name = nameOf(bounds)
    const node = this.#ranges.get(name)
    if (node?.items.delete(item) !== true) return
    this.#size -= 1
    if (node.items.size > 0) return
    this.#ranges.delete(name)
    this.#root = without(this.#root, node)
  }

  clear(): void {
    this.#keys.clear()
    this.#ranges.clear()
    this.#root = null
    this.#size = 0
  }

  /** The items that cover the key, as a list of its own. */
  find(key: ByteString): Item[] {
    const found: Item[] = []
    const items = this.#keys.get(key)
    if (items !== undefined) for (const item of items) found.push(item)
    collect(this.#root, key, found)
    return found
  }

  #node(bounds: Bounds, item: Item): Node<Item> {
    // The order of insertion alone decides the shape: no chance is needed, only numbers that do not follow the keys.
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0
    const to = bounds.to ?? INFINITE
    return { from: bounds.from, to, items: new Set([item]), priority: this.#seed, furthest: to, left: null, right: null }
  }
}

const isSingle = ({ from, to }: Bounds): boolean => to !== null && to.length === from.length + 1 && to === `${from}\0`
const nameOf = ({ from, to }: Bounds): string => `${from}${INFINITE}${to ?? INFINITE}`

function collect<Item>(node: Node<Item> | null, key: ByteString, found: Item[]): void {
  if (node === null || node.furthest <= key) return
  collect(node.left, key, found)
  if (node.from > key) return
  if (node.to > key) for (const item of node.items) found.push(item)
  collect(node.right, key, found)
}

const isBefore = <Item>(a: Node<Item>, b: Node<Item>): boolean => (a.from === b.from ? a.to < b.to : a.from < b.from)

function measured<Item>(node: Node<Item>): Node<Item> {
  node.furthest = node.to
  if (node.left !== null && node.left.furthest > node.furthest) node.furthest = node.left.furthest
  if (node.right !== null && node.right.furthest > node.furthest) node.furthest = node.right.furthest
  return node
}

function insert<Item>(node: Node<Item> | null, fresh: Node<Item>): Node<Item> {
  if (node === null) return fresh
  if (fresh.priority > node.priority) {
    split(node, fresh)
    return measured(fresh)
  }
  if (isBefore(fresh, node)) node.left = insert(node.left, fresh)
  else node.right = insert(node.right, fresh)
  return measured(node)
}

/** Hangs what is before and behind `at` below it. */
function split<Item>(node: Node<Item> | null, at: Node<Item>): void {
  if (node === null) {
    at.left = null
    at.right = null
  } else if (isBefore(node, at)) {
    split(node.right, at)
    node.right = at.left
    at.left = measured(node)
  } else {
    split(node.left, at)
    node.left = at.right
    at.right = measured(node)
  }
}

function without<Item>(node: Node<Item> | null, gone: Node<Item>): Node<Item> | null {
  if (node === null) return null
  if (node === gone) return joined(node.left, node.right)
  if (isBefore(gone, node)) node.left = without(node.left, gone)
  else node.right = without(node.right, gone)
  return measured(node)
}

function joined<Item>(left: Node<Item> | null, right: Node<Item> | null): Node<Item> | null {
  if (left === null) return right
  if (right === null) return left
  if (left.priority > right.priority) {
    left.right = joined(left.right, right)
    return measured(left)
  }
  right.left = joined(left, right.left)
  return measured(right)
}
