import type { HeaderMutations, HeaderValueOption } from '@weft/mesh-protocol'
import type { HeaderModifier, HttpFilter, NamedValue } from '../../config/spec/gateway/http-filters.ts'

/**
 * What becomes of one header. Any sequence of modifiers comes to one of these, so that the order in which Gateway API runs
 * them (set, add, remove; a rule's before a backend's) can be said in the order of the wire (remove, overwrite, append).
 */
type Change =
  | { readonly do: 'remove' }
  | { readonly do: 'overwrite'; readonly value: string; readonly appended: readonly string[] }
  | { readonly do: 'append'; readonly appended: readonly string[] }

type Changes = ReadonlyMap<string, Change>

const NOTHING: HeaderMutations = {}

function modifiesHeaders({ requestHeaderModifier, responseHeaderModifier }: HttpFilter): boolean {
  return requestHeaderModifier !== undefined || responseHeaderModifier !== undefined
}

/** The header modifiers of some filters, run one after the other, as one set of changes. */
export function headerMutations(...filters: readonly (readonly HttpFilter[])[]): HeaderMutations {
  const all = filters.flat().filter(modifiesHeaders)
  if (all.length === 0) return NOTHING
  const request = run(all.map(({ requestHeaderModifier }) => requestHeaderModifier))
  const response = run(all.map(({ responseHeaderModifier }) => responseHeaderModifier))
  const [requestHeadersToRemove, requestHeadersToAdd] = split(request)
  const [responseHeadersToRemove, responseHeadersToAdd] = split(response)
  return {
    ...(requestHeadersToRemove.length > 0 ? { requestHeadersToRemove } : {}),
    ...(requestHeadersToAdd.length > 0 ? { requestHeadersToAdd } : {}),
    ...(responseHeadersToRemove.length > 0 ? { responseHeadersToRemove } : {}),
    ...(responseHeadersToAdd.length > 0 ? { responseHeadersToAdd } : {}),
  }
}

/** The authority that a modifier sets: to the wire `host` is not a header. */
export function hostOfModifiers(filters: readonly HttpFilter[]): string | undefined {
  if (!filters.some(modifiesHeaders)) return undefined
  const change = run(filters.map(({ requestHeaderModifier }) => requestHeaderModifier)).get('host')
  return change?.do === 'overwrite' ? change.value : undefined
}

function run(modifiers: readonly (HeaderModifier | undefined)[]): Changes {
  const changes = new Map<string, Change>()
  for (const modifier of modifiers) {
    for (const { name, value } of firsts(modifier?.set)) changes.set(name, { do: 'overwrite', value, appended: [] })
    for (const { name, value } of firsts(modifier?.add)) changes.set(name, append(changes.get(name), value))
    for (const name of modifier?.remove ?? []) changes.set(name.toLowerCase(), { do: 'remove' })
  }
  return changes
}

/** With lower-case names, of each the first. */
function* firsts(values: readonly NamedValue[] | undefined): Generator<NamedValue> {
  const seen = new Set<string>()
  for (const { name, value } of values ?? []) {
    const lower = name.toLowerCase()
    if (!seen.has(lower)) yield { name: lower, value }
    seen.add(lower)
  }
}

function append(before: Change | undefined, value: string): Change {
  if (before === undefined) return { do: 'append', appended: [value] }
  if (before.do === 'remove') return { do: 'overwrite', value, appended: [] }
  return { ...before, appended: [...before.appended, value] }
}

function split(changes: Changes): [string[], HeaderValueOption[]] {
  const removed: string[] = []
  const overwritten: HeaderValueOption[] = []
  const appended: HeaderValueOption[] = []
  for (const [name, change] of changes) {
    if (name === 'host') continue
    if (change.do === 'remove') {
      removed.push(name)
      continue
    }
    if (change.do === 'overwrite') {
      overwritten.push({ name, value: literal(change.value), appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' })
    }
    for (const value of change.appended) {
      appended.push({ name, value: literal(value), appendAction: 'APPEND_IF_EXISTS_OR_ADD' })
    }
  }
  return [removed, [...overwritten, ...appended]]
}

/** A percent sign begins a variable on the wire; Gateway API has none. */
function literal(value: string): string {
  return value.replaceAll('%', '%%')
}
