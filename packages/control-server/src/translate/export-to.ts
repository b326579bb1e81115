/** Which namespaces may use a resource. */
export type Visibility = 'public' | ReadonlySet<string>

const EVERYBODY: readonly string[] = ['*']

/**
 * Reads `exportTo`: `*` is everybody, `.` the resource's own namespace, `~` nobody, else the namespaces listed
 * (Istio `push_context.go`, `initVirtualServices`, `setDestinationRules`).
 *
 * @param byDefault what the mesh says for a resource that says nothing
 */
export function visibilityOf(
  exportTo: readonly string[] | undefined,
  namespace: string,
  byDefault: readonly string[] = EVERYBODY,
): Visibility {
  const said = exportTo === undefined || exportTo.length === 0 ? byDefault : exportTo
  if (said.includes('*')) return 'public'
  if (said.includes('~')) return new Set()
  return new Set(said.map((entry) => (entry === '.' ? namespace : entry)))
}

export function isVisibleTo(visibility: Visibility, namespace: string): boolean {
  return visibility === 'public' || visibility.has(namespace)
}

/** The same for one namespace, without a set in between. */
export function isExportedTo(
  exportTo: readonly string[] | undefined,
  namespace: string,
  byDefault: readonly string[],
  client: string,
): boolean {
  const said = exportTo === undefined || exportTo.length === 0 ? byDefault : exportTo
  if (said.includes('*')) return true
  if (said.includes('~')) return false
  return said.some((entry) => (entry === '.' ? namespace : entry) === client)
}

export function sameVisibility(a: Visibility, b: Visibility): boolean {
  if (a === 'public' || b === 'public') return a === b
  return a.size === b.size && [...a].every((namespace) => b.has(namespace))
}

/** In which order what is visible is looked at: what is private to the client's namespace, exported to it by name, public. */
export function visibilityRank(visibility: Visibility, own: string, client: string): number {
  if (visibility === 'public') return 2
  return own === client ? 0 : 1
}
