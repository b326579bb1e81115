import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'

/** The line, from 1, where the field at these keys and indexes stands; of one that is not there, where its parent does. */
export type LineOf = (keys: readonly string[]) => number | undefined

/** Looks lines up in a document that was read with this counter. */
export function linesOf(document: Document.Parsed, counter: LineCounter): LineOf {
  return (keys) => {
    const offset = offsetOf(document, keys)
    return offset === undefined ? undefined : counter.linePos(offset).line
  }
}

function offsetOf(document: Document.Parsed, keys: readonly string[]): number | undefined {
  let node: Node | null | undefined = document.contents
  let offset = node?.range?.[0]
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document)
    const found = childOf(node, key)
    if (found === undefined) break
    node = found.node
    offset = found.offset ?? offset
  }
  return offset
}

interface Found {
  readonly node: Node | undefined
  /** Of the key, or of an item of a list. */
  readonly offset: number | undefined
}

function childOf(node: Node | null | undefined, key: string): Found | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(key)] as Node | undefined
    return item === undefined ? undefined : { node: item, offset: item.range?.[0] }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key: name }) => isScalar(name) && String(name.value) === key)
  if (pair === undefined || !isScalar(pair.key)) return undefined
  return { node: pair.value as Node | undefined, offset: pair.key.range?.[0] }
}
