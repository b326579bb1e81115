import { BlockList, isIP } from 'node:net'

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/

/**
 * One spelling for each address: IPv6 in its shortest form without zone, IPv4 in IPv6 (`::ffff:10.0.0.1`, which a socket that
 * listens on both says of an IPv4 peer) as IPv4. `undefined` for what is no IP address.
 */
export function canonicalIp(text: string): string | undefined {
  const address = text.replace(/%.*$/, '')
  const family = isIP(address)
  if (family === 0) return undefined
  if (family === 4) return address
  const shortest = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const match = MAPPED.exec(shortest)
  if (match === null) return shortest
  if (match[1] !== undefined) return match[1]
  const [high, low] = [Number.parseInt(match[2] as string, 16), Number.parseInt(match[3] as string, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

export interface IpRange {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; `undefined` for anything else. */
export function parseIpRange(text: string): IpRange | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text)
  if (match === null) return undefined
  const given = match[1] as string
  const address = given.includes('%') ? undefined : canonicalIp(given)
  if (address === undefined) return undefined
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  const bits = isIP(given) === 4 ? 32 : 128
  const said = match[2] === undefined ? bits : Number(match[2])
  // A range of IPv4 addresses that is written in IPv6 counts its 96 leading bits.
  const prefix = family === 'ipv4' && bits === 128 ? said - 96 : said
  return said <= bits && prefix >= 0 ? { address, prefix, family } : undefined
}

/** Whether an address is in one of the ranges; what is no address or no range is in none. */
export function isInRanges(text: string, ranges: readonly string[]): boolean {
  const address = canonicalIp(text)
  if (address === undefined) return false
  const list = new BlockList()
  for (const range of ranges) {
    const parsed = parseIpRange(range)
    if (parsed !== undefined) list.addSubnet(parsed.address, parsed.prefix, parsed.family)
  }
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/** Whether only this machine can be reached there. */
export function isLoopbackIp(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
