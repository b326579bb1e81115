/** One address of the host, as `os.networkInterfaces()` lists it. */
export interface InterfaceAddress {
  readonly address: string
  readonly family: string
  readonly internal: boolean
}

export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>

const LINK_LOCAL = /^(?:169\.254\.|fe[89ab])/i

/** Whether a server bound to this address takes connections on every address of the host. */
export function isUnspecified(address: string): boolean {
  return address === '' || address === '::' || address === '0.0.0.0'
}

/**
 * The address that callers reach a server at: what was configured, else what it bound, else (bound to all) the host's
 * first address that is not internal, IPv4 before IPv6 and link-local ones left out, since they mean nothing elsewhere.
 * A host without any such address is reached on its loopback only.
 */
export function resolveAddress(bound: string, interfaces: Interfaces, configured: string | undefined): string {
  if (configured !== undefined) return configured
  if (!isUnspecified(bound)) return bound
  const reachable = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !LINK_LOCAL.test(address))
  const first =
    reachable.find(({ family }) => family === 'IPv4') ??
    (bound === '0.0.0.0' ? undefined : reachable.find(({ family }) => family === 'IPv6'))
  return first?.address ?? '127.0.0.1'
}

/** URL of a server as the same host reaches it; one bound to `::` takes IPv4 too. */
export function localUrl(bound: string, port: number): string {
  if (isUnspecified(bound)) return `http://127.0.0.1:${port}`
  return `http://${bound.includes(':') ? `[${bound}]` : bound}:${port}`
}
