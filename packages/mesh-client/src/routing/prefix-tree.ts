/** What stands at one prefix. */
interface Node<T> {
  /** What follows the parent's prefix; its first character is the key that it has there. */
  label: string
  children: Map<number, Node<T>> | undefined
  value: T | undefined
}

/**
 * Values by prefix, found together for one text: a look-up takes time in proportion to the prefixes that hold and to where
 * they part, not to how many there are.
 */
export class PrefixTree<T> {
  readonly #root: Node<T> = { label: '', children: undefined, value: undefined }

  /** The value of a prefix, made where there is none yet. */
  at(prefix: string, make: () => T): T {
    let node = this.#root
    let from = 0
    while (from < prefix.length) {
      const key = prefix.charCodeAt(from)
      const child = node.children?.get(key)
      if (child === undefined) {
        node = addChild(node, key, { label: prefix.slice(from), children: undefined, value: undefined })
        break
      }
      const common = commonLength(child.label, prefix, from)
      node = common === child.label.length ? child : split(node, key, child, common)
      from += common
    }
    node.value ??= make()
    return node.value
  }

  /** Tells each value whose prefix the text has, the shortest first. */
  visit(text: string, visitor: (value: T, prefixLength: number) => void): void {
    let node: Node<T> | undefined = this.#root
    let from = 0
    while (node !== undefined) {
      if (node.value !== undefined) visitor(node.value, from)
      if (from === text.length || node.children === undefined) return
      const child: Node<T> | undefined = node.children.get(text.charCodeAt(from))
      if (child === undefined || !text.startsWith(child.label, from)) return
      from += child.label.length
      node = child
    }
  }
}

function addChild<T>(parent: Node<T>, key: number, child: Node<T>): Node<T> {
  parent.children ??= new Map()
  parent.children.set(key, child)
  return child
}

/** Puts a node between a parent and its child, where their labels part. */
function split<T>(parent: Node<T>, key: number, child: Node<T>, at: number): Node<T> {
  const between: Node<T> = { label: child.label.slice(0, at), children: undefined, value: undefined }
  addChild(parent, key, between)
  addChild(between, child.label.charCodeAt(at), child)
  child.label = child.label.slice(at)
  return between
}

function commonLength(label: string, text: string, from: number): number {
  const longest = Math.min(label.length, text.length - from)
  let length = 0
  while (length < longest && label.charCodeAt(length) === text.charCodeAt(from + length)) length++
  return length
}
