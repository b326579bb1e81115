import { expandServiceHost, resolveShortName, serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'

/** What is not about hosts that it names but about what clients see at all, or about workloads of whatever selects them. */
const ABOUT_EVERYTHING: readonly string[] = ['MeshConfig', 'Sidecar', 'WorkloadEntry', 'WorkloadGroup']

/** What is about who may call, and changes nothing of what is called. */
const ABOUT_CALLERS: readonly string[] = ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy']

/** The namespaces whose workloads let others call them by these rules; the root's stands for all. */
export function policyCallees(resources: readonly ConfigResource[]): ReadonlySet<string> {
  const about = resources.filter(({ kind }) => ABOUT_CALLERS.includes(kind))
  return new Set(about.map(({ metadata }) => metadata.namespace))
}

/**
 * The hosts whose callers feel a policy, in every form that the name as written can mean: `name.ns` is a service to a caller
 * and a plain host to Istio.
 */
export function policyHosts({ kind, spec, metadata }: ConfigResource, domain: string): ReadonlySet<string> {
  if (ABOUT_EVERYTHING.includes(kind)) return new Set(['*'])
  if (ABOUT_CALLERS.includes(kind)) return new Set()
  const written = [...(Array.isArray(spec.hosts) ? spec.hosts : []), spec.host]
  const hosts = new Set<string>(referredServices(spec, metadata.namespace, domain))
  for (const host of written) {
    if (typeof host !== 'string' || host === '') continue
    hosts.add(resolveShortName(host, metadata.namespace, domain))
    if (!host.includes('*')) hosts.add(expandServiceHost(host, metadata.namespace, domain))
  }
  return hosts
}

interface Reference {
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
}

/** Gateway API attaches by reference to a Service. */
function* referredServices(spec: ConfigResource['spec'], own: string, domain: string): Generator<string> {
  for (const references of [spec.targetRefs, spec.parentRefs]) {
    if (!Array.isArray(references)) continue
    for (const { kind, name, namespace = own } of references as readonly Reference[]) {
      if (kind === 'Service' && name !== undefined) yield serviceHost(name, namespace, domain)
    }
  }
}
