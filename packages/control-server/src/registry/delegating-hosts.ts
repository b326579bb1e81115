import type { ConfigResource } from '../config/resource.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { policyHosts } from './policy-hosts.ts'

/** Whether it is a VirtualService without hosts of its own: others delegate to it. */
export function isDelegate({ kind, spec }: Pick<ConfigResource, 'kind' | 'spec'>): boolean {
  return kind === 'VirtualService' && ((spec as VirtualServiceSpec).hosts ?? []).length === 0
}

/** The hosts of the VirtualServices that delegate to one of these, as {@link policyHosts}. */
export function delegatingHosts(
  delegates: readonly ConfigResource[],
  virtualServices: readonly ConfigResource[],
  domain: string,
): ReadonlySet<string> {
  const hosts = new Set<string>()
  const wanted = new Set(delegates.filter(isDelegate).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  if (wanted.size === 0) return hosts
  for (const root of virtualServices) {
    const { http = [] } = root.spec as VirtualServiceSpec
    const delegates = http.some(({ delegate }) => {
      if (delegate === undefined) return false
      const { name = '', namespace = '' } = delegate
      return wanted.has(`${namespace === '' ? root.metadata.namespace : namespace}/${name}`)
    })
    if (delegates) for (const host of policyHosts(root, domain)) hosts.add(host)
  }
  return hosts
}
