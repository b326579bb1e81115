/** Where a request goes when it names it whole. */
export interface AbsoluteTarget {
  readonly authority: string
  readonly path: string
}

const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/is

/**
 * Takes `http://host/path` apart; `undefined`: the target is of another form. The authority counts instead of the header
 * `host`, without what stands before an `@`. RFC 9112 section 3.2.2.
 */
export function absoluteTarget(target: string): AbsoluteTarget | undefined {
  if (target.startsWith('/')) return undefined
  const match = ABSOLUTE.exec(target)
  if (match === null) return undefined
  const [, named = '', rest = ''] = match
  return { authority: named.slice(named.lastIndexOf('@') + 1), path: rest.startsWith('/') ? rest : `/${rest}` }
}
