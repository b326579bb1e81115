import { isIpAddress } from '@weft/mesh-protocol'

/** An address, or `address/prefix-length`. */
export function isSubnet(text: string): boolean {
  const parts = text.split('/')
  if (parts.length !== 2) return isIpAddress(text)
  const [address = '', bits = ''] = parts
  if (!isIpAddress(address) || address.includes('%') || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return false
  return Number(bits) <= (address.includes(':') ? 128 : 32)
}

const UNIX = 'unix://'

export const isUnixAddress = (address: string): boolean => address.startsWith(UNIX)

/** What is wrong with `unix:///path/of/a/file` or `unix://@abstract` (Istio `ValidateUnixAddress`). */
export function unixAddressProblem(address: string): string | undefined {
  const path = address.slice(UNIX.length)
  if (path.startsWith('@') || (path.startsWith('/') && !path.endsWith('/'))) return undefined
  return `must be ${UNIX}/absolute/path of a file, or ${UNIX}@name`
}
