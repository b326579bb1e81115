/** An address as the numbers of its bits: one for IPv4, four for IPv6. An IPv4 address that IPv6 carries is IPv4. */
export type IpAddress = readonly [number] | readonly [number, number, number, number]

const MAPPED = 0xffff
const BITS = 32

/** `undefined` for anything but an IP address. A zone (`%eth0`) is left out of account. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const four = parseIpv4(text)
    return four === undefined ? undefined : [four]
  }
  const zone = text.indexOf('%')
  const groups = parseGroups(zone < 0 ? text : text.slice(0, zone))
  if (groups === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const six = [join(a, b), join(c, d), join(e, f), join(g, h)] as const
  return six[0] === 0 && six[1] === 0 && six[2] === MAPPED ? [six[3]] : six
}

const join = (high: number, low: number): number => ((high << 16) | low) >>> 0

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    const number = Number(part)
    // Some systems read a leading zero as octal; here it is no address.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || number > 255) return undefined
    value = ((value << 8) | number) >>> 0
  }
  return value
}

function parseGroups(text: string): number[] | undefined {
  const [head = '', tail, more] = text.split('::')
  if (more !== undefined) return undefined
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  if (before === undefined || after === undefined) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...new Array<number>(missing).fill(0), ...after]
}

function groupsOf(text: string): number[] | undefined {
  const groups: number[] = []
  if (text === '') return groups
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const four = part.includes('.') && index === parts.length - 1 ? parseIpv4(part) : undefined
    if (four !== undefined) groups.push(four >>> 16, four & 0xffff)
    else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/**
 * The first bits of an address as a key that two addresses of one length share exactly when they share those bits.
 *
 * @param length in bits; for IPv4 at most 32
 */
export function prefixKey(address: IpAddress, length: number): string | number {
  if (address.length === 1) return masked(address[0], length)
  let key = ''
  for (let word = 0; word < 4; word++) key += `${masked(address[word] as number, length - word * BITS)}:`
  return key
}

function masked(word: number, bits: number): number {
  if (bits <= 0) return 0
  return bits >= BITS ? word : (word & (-1 << (BITS - bits))) >>> 0
}
