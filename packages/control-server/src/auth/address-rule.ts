import { canonicalIp, isInRanges, isLoopbackIp } from './ip-range.ts'

/** What there is to judge an address by. */
export interface AddressFacts {
  /** As the workload says it. */
  readonly address: string
  /** IP address that it calls from. */
  readonly remoteAddress: string
  /** Of the machine that the control server runs on. */
  readonly hostAddresses: readonly string[]
  /** CIDR ranges of its token. */
  readonly ranges: readonly string[]
}

/**
 * Whether an address is the workload's own: the one that it calls from; on the machine of the control server, any address of that
 * machine, as loopback hides which; or one in the ranges of its token, for workloads behind a NAT or with several addresses. A
 * host name is nobody's own, as whoever rules the DNS could move it.
 */
export function isOwnAddress({ address, remoteAddress, hostAddresses, ranges }: AddressFacts): boolean {
  const remote = canonicalIp(remoteAddress)
  const wanted = address === 'localhost' ? '127.0.0.1' : canonicalIp(address)
  if (remote === undefined || wanted === undefined) return false
  if (wanted === remote || isInRanges(wanted, ranges)) return true
  const isOfHost = (ip: string): boolean => isLoopbackIp(ip) || hostAddresses.some((each) => canonicalIp(each) === ip)
  return isOfHost(remote) && isOfHost(wanted)
}
