import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseIp } from '../../../../../packages/mesh-client/src/inbound/authz/ip-address.ts'

test('takes what Node takes for an address', () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((four) => `::ffff:${four}`),
    fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '.', '255', '256'), maxLength: 16 }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['1.2.3.4', [0x01020304]],
  ['255.0.0.1', [0xff000001]],
  ['::ffff:1.2.3.4', [0x01020304]],
  ['::ffff:102:304', [0x01020304]],
  ['::', [0, 0, 0, 0]],
  ['2001:db8::1', [0x20010db8, 0, 0, 1]],
  ['fe80::1%eth0', [0xfe800000, 0, 0, 1]],
  ['1.2.3', undefined],
  ['', undefined],
  ['1.2.3.4 ', undefined],
])('%s', (text, expected) => {
  expect(parseIp(text)).toEqual(expected)
})
