import { expect, test } from 'vitest'
import { clientAddress } from '../../../../../packages/mesh-client/src/inbound/authz/client-address.ts'
import { parseIp } from '../../../../../packages/mesh-client/src/inbound/authz/ip-address.ts'

const DIRECT = '127.0.0.1'

test.each([
  [0, '1.1.1.1', DIRECT],
  [1, undefined, DIRECT],
  [1, '1.1.1.1', '1.1.1.1'],
  [1, '9.9.9.9, 1.1.1.1', '1.1.1.1'],
  [2, '9.9.9.9,1.1.1.1', '9.9.9.9'],
  [2, '8.8.8.8, 9.9.9.9, 2001:db8::1', '9.9.9.9'],
  [3, '9.9.9.9, 1.1.1.1', DIRECT],
  [1, 'unknown', DIRECT],
  [1, '1.1.1.1, ', DIRECT],
  [1, '1.1.1.1:80', DIRECT],
])('%i trusted proxies, x-forwarded-for %s: %s', (trusted, forwarded, expected) => {
  expect(clientAddress(parseIp(DIRECT), forwarded, trusted)).toEqual(parseIp(expected))
})
