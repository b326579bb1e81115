/*
 * IP addresses as text, without a look at the network (Go `net/netip`, as Istio reads them).
 */

const IPV4_PART = /^(?:0|[1-9]\d{0,2})$/
const HEXTET = /^[0-9a-fA-F]{1,4}$/

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => IPV4_PART.test(part) && Number(part) <= 255)
}

/** How many 16-bit groups a colon-separated run holds; `undefined` where it is malformed. */
function groups(text: string, mayEndInIpv4: boolean): number | undefined {
  if (text === '') return 0
  const parts = text.split(':')
  const last = parts.at(-1) as string
  const ipv4 = mayEndInIpv4 && last.includes('.')
  if (ipv4 && !isIpv4(last)) return undefined
  const hextets = ipv4 ? parts.slice(0, -1) : parts
  return hextets.every((part) => HEXTET.test(part)) ? hextets.length + (ipv4 ? 2 : 0) : undefined
}

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const [head = '', tail] = halves
  if (tail === undefined) return groups(head, true) === 8
  const before = groups(head, false)
  const after = groups(tail, true)
  return before !== undefined && after !== undefined && before + after < 8
}

/** An IPv4 or IPv6 address; an IPv6 one may have a zone (`fe80::1%eth0`). */
export function isIpAddress(text: string): boolean {
  if (text.length > 100) return false
  if (!text.includes(':')) return isIpv4(text)
  const zone = text.indexOf('%')
  if (zone < 0) return isIpv6(text)
  return zone < text.length - 1 && isIpv6(text.slice(0, zone))
}

/** Whether an IP address stands for every address of a machine (`0.0.0.0`, `::`), where nobody can be connected to. */
export function isUnspecified(address: string): boolean {
  return /^[0.:]+$/.test(address.replace(/^::ffff:/i, ''))
}
