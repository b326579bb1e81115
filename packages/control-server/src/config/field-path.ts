/** Paths of fields as Kubernetes writes them: `spec.http[0].match[0].headers[x-user].exact`. */

export function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

export function item(path: string, index: number): string {
  return `${path}[${index}]`
}

/** The keys and indexes of a path. A key that is data may hold dots, and brackets in pairs. */
export function keysOf(path: string): string[] {
  const keys: string[] = []
  let at = 0
  while (at < path.length) {
    if (path[at] === '[') {
      const end = closingBracket(path, at)
      keys.push(path.slice(at + 1, end))
      at = end + 1
    } else {
      const start = path[at] === '.' ? at + 1 : at
      at = start
      while (at < path.length && path[at] !== '.' && path[at] !== '[') at += 1
      keys.push(path.slice(start, at))
    }
  }
  return keys
}

function closingBracket(path: string, start: number): number {
  let depth = 0
  for (let at = start; at < path.length; at++) {
    if (path[at] === '[') depth += 1
    else if (path[at] === ']' && --depth === 0) return at
  }
  return path.length
}

/** An entry of a map whose keys are data, not fields. */
export function entry(path: string, key: string): string {
  return `${path}[${key}]`
}
