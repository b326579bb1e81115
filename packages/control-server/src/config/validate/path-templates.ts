import { quote } from './hosts.ts'

const ONE = '{*}'
const REST = '{**}'
const LITERAL = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/

/** What is wrong with a path of an AuthorizationPolicy, as far as it is a template (Istio `CheckValidPathTemplate`). */
export function pathTemplateProblem(path: string): string | undefined {
  const isTemplate = path.includes(ONE) || path.includes(REST)
  let ended = false
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    if (segment === ONE || segment === REST) {
      if (ended) return `${quote(path)} has an operator behind ${REST}, which must be the last`
      ended = segment === REST
    } else if (/[{}]/.test(segment))
      return `${quote(path)}: braces are only for ${ONE} and ${REST}, each a segment of its own`
    else if (isTemplate && !LITERAL.test(segment)) {
      return `${quote(path)}: ${quote(segment)} cannot be a segment of a template`
    }
  }
  return undefined
}
