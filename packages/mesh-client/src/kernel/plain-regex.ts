/** A test of one string. */
export type StringTest = (value: string) => boolean

const META = /[\\.+*?()|[\]{}^$\n]/

/** Literal text and the wildcards `.*` and `.+` in turn; `undefined` when the pattern holds anything else. */
function tokens(pattern: string): string[] | undefined {
  const found: string[] = []
  let literal = ''
  for (let at = 0; at < pattern.length; ) {
    const two = pattern.slice(at, at + 2)
    if (two === '.*' || two === '.+') {
      found.push(literal, two)
      literal = ''
      at += 2
    } else if (/^\\[!-/:-@[-`{-~]$/.test(two)) {
      literal += two[1]
      at += 2
    } else if (META.test(pattern[at] as string)) {
      return undefined
    } else {
      literal += pattern[at]
      at += 1
    }
    if (/^[*+?{]/.test(pattern.slice(at, at + 1))) return undefined
  }
  return [...found, literal]
}

/**
 * The test for a regex that needs no engine: literal text, alone or with `.*` or `.+` around it, as most policies
 * write. `undefined` for every other pattern. Matches the whole string; `.` matches no line feed, as in RE2.
 */
export function compilePlainRegex(pattern: string): StringTest | undefined {
  const parts = tokens(pattern.replace(/^\^/, '').replace(/(?<!\\)\$$/, ''))
  if (parts === undefined) return undefined
  const [head = '', wildcard, tail, second, last] = parts
  if (wildcard === undefined) return (value) => value === head
  const oneLine = (value: string): boolean => !value.includes('\n')
  if (parts.length === 3) {
    const shortest = head.length + (tail as string).length + (wildcard === '.+' ? 1 : 0)
    if (tail === '') return (value) => value.length >= shortest && value.startsWith(head) && oneLine(value)
    return (value) =>
      value.length >= shortest && value.startsWith(head) && value.endsWith(tail as string) && oneLine(value)
  }
  if (parts.length === 5 && head === '' && last === '' && wildcard === '.*' && second === '.*') {
    return (value) => value.includes(tail as string) && oneLine(value)
  }
  return undefined
}
