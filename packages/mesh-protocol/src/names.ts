import type { ServiceRef } from './wire/cluster.ts'

/** What a cluster's name is made of. */
export interface ClusterNameParts {
  readonly port: number
  readonly subset: string
  readonly host: string
}

/** `outbound|port|subset|host`, as Istio names clusters. */
export function clusterName({ port, subset, host }: ClusterNameParts): string {
  return `outbound|${port}|${subset}|${host}`
}

/** What a server of the mesh is asked for by SNI: `outbound_.port_.subset_.host` (Istio `pkg/config/host` `BuildDNSSrvSubsetKey`). */
export function clusterServerName({ port, subset, host }: ClusterNameParts): string {
  return `outbound_.${port}_.${subset}_.${host}`
}

/** Reverses {@link clusterName}; `undefined` for a name of another form. */
export function parseClusterName(name: string): ClusterNameParts | undefined {
  const parts = name.split('|')
  const port = Number(parts[1])
  if (parts.length !== 4 || parts[0] !== 'outbound' || !Number.isInteger(port)) return undefined
  return { port, subset: parts[2] as string, host: parts[3] as string }
}

/** `name.namespace.svc.domain` (Kubernetes DNS). */
export function serviceHost(name: string, namespace: string, domain: string): string {
  return `${name}.${namespace}.svc.${domain}`
}

/** A service host taken apart; `undefined` for a host that is not of the form `name.namespace.svc.domain`. */
export function parseServiceHost(host: string, domain: string): ServiceRef | undefined {
  const suffix = `.svc.${domain}`
  if (!host.endsWith(suffix)) return undefined
  const parts = host.slice(0, -suffix.length).split('.')
  if (parts.length !== 2 || parts[0] === '' || parts[1] === '') return undefined
  return { host, name: parts[0] as string, namespace: parts[1] as string }
}

/**
 * Every name that a client in `namespace` may use for a host: the host itself and, for a service, its shorter forms
 * (Kubernetes DNS search path). The bare name is only valid in the service's own namespace.
 */
export function hostAliases(host: string, namespace: string, domain: string): string[] {
  const service = parseServiceHost(host, domain)
  if (service === undefined) return [host]
  const qualified = `${service.name}.${service.namespace}`
  const aliases = [host, `${qualified}.svc`, qualified]
  if (service.namespace === namespace) aliases.push(service.name)
  return aliases
}

/**
 * The full form of a host written in a resource of `namespace`: a name without a dot is a service of that namespace
 * (Istio `ResolveShortnameToFQDN`); `name.ns` and `name.ns.svc` stay as written, as in Istio, but see
 * {@link expandServiceHost}.
 */
export function resolveShortName(host: string, namespace: string, domain: string): string {
  return host.includes('.') || host.includes('*') ? host : serviceHost(host, namespace, domain)
}

/** `name`, `name.ns`, `name.ns.svc` and the full form, all as the full form; other hosts unchanged, lower case. */
export function expandServiceHost(host: string, namespace: string, domain: string): string {
  const lower = host.toLowerCase()
  const parts = lower.split('.')
  if (parts.length === 1) return serviceHost(lower, namespace, domain)
  if (parts.length === 2 || (parts.length === 3 && parts[2] === 'svc')) {
    return serviceHost(parts[0] as string, parts[1] as string, domain)
  }
  return lower
}
