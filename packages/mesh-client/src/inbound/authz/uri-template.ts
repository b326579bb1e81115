import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { StringTest } from '../../kernel/plain-regex.ts'

/** A template ready for use. */
export interface UriTemplate {
  readonly test: StringTest
  /** Everything that it matches begins with this. */
  readonly literalPrefix: string
}

const SEGMENT = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]"
const LITERAL = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]*$/
const ONE = '{*}'
const REST = '{**}'

/**
 * `{*}` is one segment that is not empty, `{**}` any number of them with their slashes, perhaps none; the slashes around it
 * stay. Templates match paths as a whole. The error is the end of a sentence about the field. Sources: Envoy
 * `uri_template_internal.cc`, Istio `CheckValidPathTemplate`.
 */
export function compileUriTemplate(template: string): Result<UriTemplate, string> {
  if (!template.startsWith('/')) return fail('must begin with a slash')
  const segments = template.slice(1).split('/')
  const wild = segments.indexOf(REST)
  for (const [index, segment] of segments.entries()) {
    const isOperator = segment === ONE || segment === REST
    if (isOperator && wild >= 0 && index > wild) return fail('must have {**} as its last operator')
    if (!isOperator && !LITERAL.test(segment)) {
      return fail(`must have {*} and {**} as whole segments and no other signs than those of paths, not "${segment}"`)
    }
  }
  // What follows a star is literal up to the end or a slash, so that matching takes one look at each character.
  const pattern = new RegExp(`^/${segments.map(patternOf).join('/')}$`)
  const first = template.indexOf('{')
  return ok({ test: (path) => pattern.test(path), literalPrefix: first < 0 ? template : template.slice(0, first) })
}

function patternOf(segment: string): string {
  if (segment === ONE) return `${SEGMENT}+`
  if (segment === REST) return `[/${SEGMENT.slice(1)}*`
  return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
