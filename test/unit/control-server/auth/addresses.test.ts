import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isOwnAddress } from '../../../../packages/control-server/src/auth/address-rule.ts'
import { canonicalIp, isInRanges, parseIpRange } from '../../../../packages/control-server/src/auth/ip-range.ts'

test.each([
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['::FFFF:0a00:0007', '10.0.0.7'],
  ['0:0:0:0:0:ffff:10.0.0.7', '10.0.0.7'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['FE80::1%eth0', 'fe80::1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['10.0.0', undefined],
  ['010.0.0.7', undefined],
  ['0x0a000007', undefined],
  ['10.0.0.7 ', undefined],
  ['localhost', undefined],
  ['', undefined],
])('%j is written %j', (text, canonical) => {
  expect(canonicalIp(text)).toBe(canonical)
})

test.each([
  ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
  ['10.0.0.7', { address: '10.0.0.7', prefix: 32, family: 'ipv4' }],
  ['fd00::/8', { address: 'fd00::', prefix: 8, family: 'ipv6' }],
  ['::ffff:10.0.0.0/104', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
  ['::ffff:10.0.0.0/8', undefined],
  ['10.0.0.0/33', undefined],
  ['fd00::/129', undefined],
  ['fe80::1%eth0/64', undefined],
  ['10.0.0.0/', undefined],
  ['/8', undefined],
  ['reviews/8', undefined],
])('%j is the range %j', (text, range) => {
  expect(parseIpRange(text)).toEqual(range)
})

test('an address is in its own range however it is written, and in none that differs in a leading bit', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(octet, octet, octet, octet, fc.integer({ min: 1, max: 32 }), (a, b, c, d, prefix) => {
      const address = [a, b, c, d].join('.')
      const value = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
      const other = (value ^ (1 << (32 - prefix))) >>> 0
      const otherText = [other >>> 24, (other >>> 16) & 255, (other >>> 8) & 255, other & 255].join('.')
      expect(isInRanges(`::ffff:${address}`, [`${address}/${prefix}`])).toBe(true)
      expect(isInRanges(otherText, [`${address}/${prefix}`])).toBe(false)
    }),
  )
})

describe('an address is a workload’s own', () => {
  const host = ['127.0.0.1', '::1', '192.168.1.5', 'fe80::5%eth0']
  test.each<[why: string, address: string, remote: string, ranges: readonly string[], isOwn: boolean]>([
    ['it calls from there', '10.0.0.7', '10.0.0.7', [], true],
    ['it calls from there, IPv4 in IPv6', '10.0.0.7', '::ffff:10.0.0.7', [], true],
    ['the same address of IPv6 in another spelling', '2001:db8::1', '2001:DB8:0::1', [], true],
    ['somebody else calls', '10.0.0.7', '10.0.0.8', [], false],
    ['a mapped address of somebody else', '::ffff:10.0.0.7', '10.0.0.8', [], false],
    ['behind a NAT with its range', '10.1.2.3', '203.0.113.9', ['10.1.0.0/16'], true],
    ['behind a NAT, outside of its range', '10.2.2.3', '203.0.113.9', ['10.1.0.0/16'], false],
    ['a range of IPv6', 'fd00::9', '203.0.113.9', ['fd00::/64'], true],
    ['on the machine of the server, over loopback', '192.168.1.5', '127.0.0.1', [], true],
    ['on it, from its own address, at loopback', '127.0.0.1', '192.168.1.5', [], true],
    ['on it, IPv6 loopback', '127.0.0.1', '::1', [], true],
    ['on it, by its name', 'localhost', '127.0.0.1', [], true],
    ['on it, an address with a zone', 'fe80::5', '127.0.0.1', [], true],
    ['on it, but of another machine', '192.168.1.6', '127.0.0.1', [], false],
    ['elsewhere, the loopback of the server', '127.0.0.1', '10.0.0.7', [], false],
    ['elsewhere, an address of the server', '192.168.1.5', '10.0.0.7', [], false],
    ['a host name', 'reviews.example', '10.0.0.7', ['0.0.0.0/0'], false],
    ['a name that looks like a number', '0x7f000001', '127.0.0.1', ['0.0.0.0/0'], false],
    ['a connection without address', '10.0.0.7', '', [], false],
  ])('%s', (_, address, remoteAddress, ranges, isOwn) => {
    expect(isOwnAddress({ address, remoteAddress, hostAddresses: host, ranges })).toBe(isOwn)
  })
})
