import { expandServiceHost, resolveShortName } from '@weft/mesh-protocol'
import { isHostSubset, isWildcardHost } from '../config/host-name.ts'

/** Whether a host that is written in a resource of `namespace` means the service `host`. */
export function meansHost(written: string, host: string, namespace: string, domain: string): boolean {
  if (isWildcardHost(written)) return false
  return resolveShortName(written, namespace, domain) === host || expandServiceHost(written, namespace, domain) === host
}

/** Whether it is a wildcard that covers the service. */
export function coversHost(written: string, host: string): boolean {
  return isWildcardHost(written) && isHostSubset(host, written)
}
