/**
 * All that a translation may know of a client. Clients with the same scope see the same resources, so this is also the key
 * under which translations are shared: what is not in here cannot leak from one client into another's answer.
 */
export interface ClientScope {
  readonly namespace: string
  /** Only the labels that some policy asks for. */
  readonly labels: Readonly<Record<string, string>>
}

export function scopeOf(
  client: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  relevantLabels: ReadonlySet<string>,
): ClientScope {
  const labels: Record<string, string> = {}
  for (const key of relevantLabels) {
    const value = Object.hasOwn(client.labels, key) ? client.labels[key] : undefined
    if (value !== undefined) labels[key] = value
  }
  return { namespace: client.namespace, labels }
}

/** Equal for equal scopes. */
export function scopeKey({ namespace, labels }: ClientScope): string {
  return JSON.stringify([namespace, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}

/** Whether every label asked for is there with its value. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean {
  if (wanted === undefined) return true
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}
