import type {
  Delegate,
  HttpMatchRequest,
  HttpRoute,
  StringMatch,
  StringMatchMap,
} from '../config/spec/virtual-service.ts'

/**
 * The routes that a route with `delegate` stands for, in the order of the delegate (Istio `virtualservice.go`
 * `MergeHTTPRoutes`): a route of the delegate is kept where each of its matches can hold together with one of the root's,
 * and what it leaves open is as the root says.
 */
export function mergeDelegate(root: HttpRoute, delegate: readonly HttpRoute[]): HttpRoute[] {
  return delegate.flatMap((route) => mergeRoute(root, route) ?? [])
}

/** The namespaced name of a delegate, which may leave out the namespace of its root. */
export function delegateKey({ name = '', namespace = '' }: Delegate, rootNamespace: string): string {
  return `${namespace === '' ? rootNamespace : namespace}/${name}`
}

/** What a delegate's route takes from the root where it has none of its own. */
const INHERITED = [
  'rewrite',
  'directResponse',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrorPercent',
  'mirrorPercentage',
  'corsPolicy',
  'mirrors',
  'headers',
] as const

function mergeRoute(root: HttpRoute, own: HttpRoute): HttpRoute | undefined {
  const match = mergeMatches(root.match ?? [], own.match ?? [])
  if (match === undefined) return undefined
  const inherited = Object.fromEntries(
    INHERITED.filter((field) => root[field] !== undefined && own[field] === undefined).map((field) => [
      field,
      root[field],
    ]),
  )
  return { ...own, ...inherited, ...joined('name', root, own), ...(match.length === 0 ? {} : { match }) }
}

/** `undefined`: some match of the delegate can never hold. No match at all always holds. */
export function mergeMatches(
  root: readonly HttpMatchRequest[],
  own: readonly HttpMatchRequest[],
): readonly HttpMatchRequest[] | undefined {
  if (root.length === 0) return own
  if (own.length === 0) return root
  const merged: HttpMatchRequest[] = []
  for (const match of own) {
    const compatible = root.filter((outer) => !matchesConflict(outer, match))
    if (compatible.length === 0) return undefined
    merged.push(...compatible.map((outer) => mergeMatch(outer, match)))
  }
  return merged
}

function mergeMatch(root: HttpMatchRequest, own: HttpMatchRequest): HttpMatchRequest {
  const given = Object.entries(own).filter(([field, value]) => !isUnset(field, value))
  return {
    ...root,
    ...Object.fromEntries(given),
    ...joined('name', root, own),
    ...together('headers', root, own),
    ...together('withoutHeaders', root, own),
    ...together('queryParams', root, own),
    ...together('sourceLabels', root, own),
  }
}

/** Whether a field of a match has the zero value of its protocol buffer, which is as good as absent. */
function isUnset(field: string, value: unknown): boolean {
  if (value === undefined || value === '' || (field === 'port' && value === 0)) return true
  return Array.isArray(value) && value.length === 0
}

function joined(field: 'name', root: { readonly name?: string }, own: { readonly name?: string }): { name?: string } {
  const names = [root[field] ?? '', own[field] ?? ''].filter((name) => name !== '')
  return names.length === 0 ? {} : { name: names.join('-') }
}

type MapField = 'headers' | 'withoutHeaders' | 'queryParams' | 'sourceLabels'

function together(field: MapField, root: HttpMatchRequest, own: HttpMatchRequest): Partial<HttpMatchRequest> {
  if (root[field] === undefined && own[field] === undefined) return {}
  return { [field]: { ...root[field], ...own[field] } }
}

/** Whether no request can satisfy both, as far as Istio looks (`virtualservice.go` `hasConflict`). */
export function matchesConflict(root: HttpMatchRequest, own: HttpMatchRequest): boolean {
  return (
    (['uri', 'scheme', 'method', 'authority'] as const).some((field) => stringsConflict(root[field], own[field])) ||
    (['headers', 'withoutHeaders', 'queryParams'] as const).some((field) => mapsConflict(root[field], own[field])) ||
    (root.ignoreUriCase ?? false) !== (own.ignoreUriCase ?? false) ||
    differ(root.port ?? 0, own.port ?? 0, 0) ||
    ((root.sourceNamespace ?? '') !== '' && root.sourceNamespace !== own.sourceNamespace) ||
    labelsConflict(root.sourceLabels, own.sourceLabels) ||
    gatewaysConflict(root.gateways, own.gateways)
  )
}

function differ<T>(root: T, own: T, unset: T): boolean {
  return root !== unset && own !== unset && root !== own
}

function mapsConflict(root: StringMatchMap = {}, own: StringMatchMap = {}): boolean {
  return Object.entries(own).some(([key, match]) =>
    stringsConflict(Object.hasOwn(root, key) ? root[key] : undefined, match),
  )
}

type Labels = Readonly<Record<string, string>>

function labelsConflict(root: Labels = {}, own: Labels = {}): boolean {
  return Object.entries(own).some(([key, value]) => Object.hasOwn(root, key) && root[key] !== value)
}

/** The delegate's gateways have to be among the root's. */
function gatewaysConflict(root: readonly string[] = [], own: readonly string[] = []): boolean {
  if (root.length === 0 || own.length === 0) return false
  return own.length > root.length || own.some((gateway) => !root.includes(gateway))
}

/**
 * A match of the delegate has to be within the root's; of a regex, and of one that asks for nothing but presence, nobody
 * can tell, so that both may not say something (Istio `stringMatchConflict`).
 */
function stringsConflict(root: StringMatch | undefined, own: StringMatch | undefined): boolean {
  if (root === undefined || own === undefined) return false
  if ((root.regex ?? '') !== '' || (own.regex ?? '') !== '') return true
  const { exact = '', prefix = '' } = root
  const text = [own.prefix, own.exact].find((value) => (value ?? '') !== '') ?? ''
  if (exact !== '') return (own.prefix ?? '') !== '' || own.exact !== exact
  return prefix === '' || text === '' || !text.startsWith(prefix)
}
