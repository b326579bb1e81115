import type { HeaderMutations, HeaderValueOption } from '@weft/mesh-protocol'
import type { HeaderOperations, Headers } from '../config/spec/virtual-service.ts'

/** Header operations of a route or of one destination (Istio `route.go` `TranslateHeadersOperations`). */
export interface TranslatedHeaders {
  readonly mutations: HeaderMutations
  /** What `set` or `add` of the request's authority asks for. */
  readonly hostRewrite: string | undefined
}

export function translateHeaders(headers: Headers | undefined): TranslatedHeaders {
  const request = headers?.request
  const response = headers?.response
  return {
    mutations: mutations(remove(request), add(request), remove(response), add(response)),
    hostRewrite: authority(request?.set) ?? authority(request?.add),
  }
}

/** One list of operations after the other: with `set` of one header in both, the second counts. */
export function joinMutations(first: HeaderMutations, second: HeaderMutations): HeaderMutations {
  return mutations(
    union(first.requestHeadersToRemove, second.requestHeadersToRemove),
    [...(first.requestHeadersToAdd ?? []), ...(second.requestHeadersToAdd ?? [])],
    union(first.responseHeadersToRemove, second.responseHeadersToRemove),
    [...(first.responseHeadersToAdd ?? []), ...(second.responseHeadersToAdd ?? [])],
  )
}

function mutations(
  requestHeadersToRemove: readonly string[],
  requestHeadersToAdd: readonly HeaderValueOption[],
  responseHeadersToRemove: readonly string[],
  responseHeadersToAdd: readonly HeaderValueOption[],
): HeaderMutations {
  return {
    ...(requestHeadersToRemove.length > 0 ? { requestHeadersToRemove } : {}),
    ...(requestHeadersToAdd.length > 0 ? { requestHeadersToAdd } : {}),
    ...(responseHeadersToRemove.length > 0 ? { responseHeadersToRemove } : {}),
    ...(responseHeadersToAdd.length > 0 ? { responseHeadersToAdd } : {}),
  }
}

/** `host` and pseudo headers are not headers to Envoy; the first two are handled as a rewrite, the rest is ignored. */
function isOrdinary(name: string): boolean {
  return !name.startsWith(':') && name.toLowerCase() !== 'host'
}

function authority(values: Readonly<Record<string, string>> | undefined): string | undefined {
  const found = Object.entries(values ?? {}).find(([name]) => /^(:authority|host)$/i.test(name))?.[1]
  return found === '' ? undefined : found
}

function remove(operations: HeaderOperations | undefined): string[] {
  return (operations?.remove ?? []).filter(isOrdinary).map((name) => name.toLowerCase())
}

function add(operations: HeaderOperations | undefined): HeaderValueOption[] {
  return [
    ...options(operations?.set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
    ...options(operations?.add, 'APPEND_IF_EXISTS_OR_ADD'),
  ]
}

function options(
  values: Readonly<Record<string, string>> | undefined,
  appendAction: HeaderValueOption['appendAction'],
): HeaderValueOption[] {
  return Object.entries(values ?? {})
    .filter(([name]) => isOrdinary(name))
    .map(([name, value]) => ({ name: name.toLowerCase(), value, appendAction }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])]
}
