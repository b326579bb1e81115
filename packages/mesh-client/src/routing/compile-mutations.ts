import { CONNECTION_HEADERS, type HeaderMutations, type HeaderValueOption, type Violation } from '@weft/mesh-protocol'
import { compileHeaderFormat, type HeaderFormat } from './header-format.ts'
import type { HeaderList, RequestLine } from './header-mutations.ts'
import type { CompiledMutations } from './route-table.ts'

/** One set of changes: remove, then overwrite, then append (Envoy `header_parser.cc` `evaluateHeaders`). */
interface MutationSet {
  readonly remove: ReadonlySet<string>
  readonly overwrite: readonly CompiledOption[]
  readonly append: readonly CompiledOption[]
}

interface CompiledOption {
  readonly name: string
  readonly format: HeaderFormat
}

type Side = 'request' | 'response'

/** Where mutations stand in the resource. */
export interface MutationsAt {
  readonly mutations: HeaderMutations
  readonly field: string
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** Visible characters, spaces and tabs; anything else would end the header (RFC 9110, 5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The header changes of one destination. With a single destination, its changes and the route's are one set, the
 * route's first, so that an overwriting of the destination wins. With several, the destination's set is applied and
 * then the route's, so that the route's wins. Source: Istio `route.go` `processDestination`,
 * `processWeightedDestination`; Envoy `weighted_cluster_specifier.cc`.
 *
 * `undefined` when nothing changes. Changes of `host` and of names that begin with a colon are left out: the authority
 * is rewritten by the route's `hostRewrite`.
 */
export function compileMutations(
  route: MutationsAt,
  destination: MutationsAt,
  single: boolean,
  violations: Violation[],
): CompiledMutations | undefined {
  const compiled = (side: Side): readonly MutationSet[] => {
    const routeSet = compileSet(route, side, violations)
    const destinationSet = compileSet(destination, side, violations)
    const sets = single ? [merge(routeSet, destinationSet)] : [destinationSet, routeSet]
    return sets.filter((set) => set.remove.size + set.overwrite.length + set.append.length > 0)
  }
  const request = compiled('request')
  const response = compiled('response')
  if (request.length + response.length === 0) return undefined
  return {
    request: (headers, line) => request.reduce((list, set) => applySet(list, set, line), headers),
    response: (headers) => response.reduce((list, set) => applySet(list, set), headers),
  }
}

function merge(first: MutationSet, second: MutationSet): MutationSet {
  return {
    remove: new Set([...first.remove, ...second.remove]),
    overwrite: [...first.overwrite, ...second.overwrite],
    append: [...first.append, ...second.append],
  }
}

function compileSet({ mutations, field }: MutationsAt, side: Side, violations: Violation[]): MutationSet {
  const request = side === 'request'
  const remove = (request ? mutations.requestHeadersToRemove : mutations.responseHeadersToRemove) ?? []
  const options = (request ? mutations.requestHeadersToAdd : mutations.responseHeadersToAdd) ?? []
  const overwrite: CompiledOption[] = []
  const append: CompiledOption[] = []
  options.forEach((option, index) => {
    const compiled = compileOption(option, side, `${field}.${side}HeadersToAdd[${index}]`, violations)
    if (compiled === undefined) return
    if (option.appendAction === 'OVERWRITE_IF_EXISTS_OR_ADD') overwrite.push(compiled)
    else append.push(compiled)
  })
  return { remove: new Set(remove.map((name) => name.toLowerCase()).filter(isMutable)), overwrite, append }
}

function isMutable(name: string): boolean {
  return name !== 'host' && !name.startsWith(':')
}

function compileOption(
  option: HeaderValueOption,
  side: Side,
  field: string,
  violations: Violation[],
): CompiledOption | undefined {
  const name = option.name.toLowerCase()
  if (!isMutable(name)) return undefined
  if (!TOKEN.test(name)) violations.push({ field: `${field}.name`, message: 'must be a header name (RFC 9110, 5.1)' })
  if (side === 'request' && CONNECTION_HEADERS.includes(name)) {
    violations.push({ field: `${field}.name`, message: `must not be ${name}, which the HTTP client writes itself` })
  }
  const format = compileHeaderFormat(option.value, side)
  if (!VALUE.test(option.value)) {
    violations.push({
      field: `${field}.value`,
      message: 'must hold only visible Latin-1 characters, spaces and tabs, and no line break',
    })
  } else if (!format.ok) {
    violations.push({ field: `${field}.value`, message: format.error })
  }
  return format.ok ? { name, format: format.value } : undefined
}

/** All values are made before any is set, and one that turns out empty is left out. */
function applySet(headers: HeaderList, set: MutationSet, line?: RequestLine): HeaderList {
  const evaluate = ({ name, format }: CompiledOption): readonly [string, string] => [name, format(headers, line)]
  const filled = ([, value]: readonly [string, string]): boolean => value !== ''
  const overwrite = new Map(set.overwrite.map(evaluate).filter(filled))
  const append = set.append.map(evaluate).filter(filled)
  const result: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string
    if (!set.remove.has(name) && !overwrite.has(name)) result.push(name, headers[at + 1] as string)
  }
  for (const [name, value] of overwrite) result.push(name, value)
  for (const [name, value] of append) result.push(name, value)
  return result
}
