import { expandServiceHost, resolveShortName } from '@weft/mesh-protocol'
import { compareHostSpecificity, isHostSubset, isWildcardHost } from '../config/host-name.ts'

/**
 * What is said of hosts, some of them wildcards. A look-up takes what is said of the very host, else what is said of the
 * most specific wildcard that covers it (Istio `MostSpecificHostMatch`).
 */
export class HostMap<T> {
  private readonly exact = new Map<string, T[]>()
  private readonly wildcard = new Map<string, T[]>()
  private sorted: readonly string[] | undefined

  /** Values of one host keep the order in which they were added. */
  add(host: string, value: T): void {
    const map = isWildcardHost(host) ? this.wildcard : this.exact
    const values = map.get(host)
    if (values === undefined) map.set(host, [value])
    else if (!values.includes(value)) values.push(value)
    this.sorted = undefined
  }

  /** Values of the host itself. */
  getExact(host: string): readonly T[] {
    return this.exact.get(host) ?? []
  }

  /** Values of each wildcard that covers the host, the most specific wildcard first. */
  *wildcards(host: string): Generator<readonly T[]> {
    this.sorted ??= [...this.wildcard.keys()].sort(compareHostSpecificity)
    for (const pattern of this.sorted) {
      if (isHostSubset(host, pattern)) yield this.wildcard.get(pattern) as readonly T[]
    }
  }

  /** What is said of the most specific match; empty where nothing is. */
  lookUp(host: string): readonly T[] {
    const exact = this.exact.get(host)
    if (exact !== undefined) return exact
    for (const values of this.wildcards(host)) return values
    return []
  }
}

/**
 * Every host that a name in a resource of `namespace` may stand for. Beyond Istio, `name.ns` and `name.ns.svc` also mean
 * the service, because to a caller they do.
 */
export function hostsMeant(written: string, namespace: string, domain: string): readonly string[] {
  const resolved = resolveShortName(written, namespace, domain)
  if (isWildcardHost(written)) return [resolved]
  const expanded = expandServiceHost(written, namespace, domain)
  return expanded === resolved ? [resolved] : [resolved, expanded]
}

/** The one host that a destination means: the service as written where there is one, else the service it is short for. */
export function destinationHost(
  written: string,
  namespace: string,
  { services, domain }: { readonly services: ReadonlyMap<string, unknown>; readonly domain: string },
): string {
  const meant = hostsMeant(written, namespace, domain)
  return meant.find((host) => services.has(host)) ?? (meant[0] as string)
}
