import { expect, test } from 'vitest'
import { localUrl, resolveAddress } from '../../../../packages/mesh-client/src/inbound/resolve-address.ts'

const LOOPBACK = { address: '127.0.0.1', family: 'IPv4', internal: true }
const V4 = { address: '10.0.0.7', family: 'IPv4', internal: false }
const V6 = { address: '2001:db8::7', family: 'IPv6', internal: false }
const LINK_LOCAL = [
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: '169.254.3.4', family: 'IPv4', internal: false },
]

test.each([
  ['what is configured goes first', '::', [V4], 'web.internal', 'web.internal'],
  ['what was bound', '192.168.1.5', [V4], undefined, '192.168.1.5'],
  ['loopback, where it was bound', '127.0.0.1', [V4], undefined, '127.0.0.1'],
  ['bound to all: IPv4 first', '::', [LOOPBACK, V6, V4], undefined, '10.0.0.7'],
  ['bound to all: IPv6 where there is no other', '::', [LOOPBACK, V6], undefined, '2001:db8::7'],
  ['bound to all of IPv4: no IPv6', '0.0.0.0', [LOOPBACK, V6], undefined, '127.0.0.1'],
  ['link-local addresses mean nothing elsewhere', '::', [...LINK_LOCAL, V4], undefined, '10.0.0.7'],
  ['a host without network', '::', [LOOPBACK, ...LINK_LOCAL], undefined, '127.0.0.1'],
])('%s', (_title, bound, addresses, configured, expected) => {
  expect(resolveAddress(bound, { lo: undefined, eth0: addresses }, configured)).toBe(expected)
})

test.each([
  ['::', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['10.0.0.7', 'http://10.0.0.7:80'],
  ['::1', 'http://[::1]:80'],
])('the URL of %s', (bound, url) => {
  expect(localUrl(bound, 80)).toBe(url)
})
