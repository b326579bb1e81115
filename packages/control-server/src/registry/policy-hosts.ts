import { expandServiceHost, resolveShortName } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'

/**
 * The hosts whose callers feel a VirtualService, DestinationRule or CircuitBreaker, in every form that the name as written
 * can mean: `name.ns` is a service to a caller and a plain host to Istio.
 */
export function policyHosts({ spec, metadata }: ConfigResource, domain: string): ReadonlySet<string> {
  const written = [...(Array.isArray(spec.hosts) ? spec.hosts : []), spec.host]
  const hosts = new Set<string>()
  for (const host of written) {
    if (typeof host !== 'string' || host === '') continue
    hosts.add(resolveShortName(host, metadata.namespace, domain))
    if (!host.includes('*')) hosts.add(expandServiceHost(host, metadata.namespace, domain))
  }
  return hosts
}
