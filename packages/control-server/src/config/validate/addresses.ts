import { isIpAddress } from '@weft/mesh-protocol'

/** An address, or `address/prefix-length`. */
export function isSubnet(text: string): boolean {
  const parts = text.split('/')
  if (parts.length !== 2) return isIpAddress(text)
  const [address = '', bits = ''] = parts
  if (!isIpAddress(address) || address.includes('%') || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return false
  return Number(bits) <= (address.includes(':') ? 128 : 32)
}
