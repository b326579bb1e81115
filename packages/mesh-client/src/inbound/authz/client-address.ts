import { type IpAddress, parseIp } from './ip-address.ts'

/**
 * Who has sent a request first, as far as the proxies before this workload are believed: the address that the outermost of
 * them has written into `x-forwarded-for`. Where it is not there or none, who has connected. Source: Envoy
 * `http/conn_manager_utility.cc`, `xff_num_trusted_hops` with `use_remote_address`.
 *
 * @param forwarded `x-forwarded-for`, all of them joined
 */
export function clientAddress(
  direct: IpAddress | undefined,
  forwarded: string | undefined,
  numTrustedProxies: number,
): IpAddress | undefined {
  if (numTrustedProxies === 0 || forwarded === undefined) return direct
  const written = forwarded.split(',').at(-numTrustedProxies)
  return written === undefined ? direct : (parseIp(written.trim()) ?? direct)
}
