/** Which namespaces may use a resource. */
export type Visibility = 'public' | ReadonlySet<string>

/**
 * Reads `exportTo`: absent or with `*` everybody, `.` the resource's own namespace, else the namespaces listed
 * (Istio `push_context.go`, `initVirtualServices`, `setDestinationRules`; mesh default `*`).
 */
export function visibilityOf(exportTo: readonly string[] | undefined, namespace: string): Visibility {
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes('*')) return 'public'
  if (exportTo.includes('~')) return new Set()
  return new Set(exportTo.map((entry) => (entry === '.' ? namespace : entry)))
}

export function isVisibleTo(visibility: Visibility, namespace: string): boolean {
  return visibility === 'public' || visibility.has(namespace)
}

export function sameVisibility(a: Visibility, b: Visibility): boolean {
  if (a === 'public' || b === 'public') return a === b
  return a.size === b.size && [...a].every((namespace) => b.has(namespace))
}
