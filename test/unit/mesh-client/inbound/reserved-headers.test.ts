import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasReservedHeader, isReservedHeader } from '../../../../packages/mesh-client/src/inbound/reserved-headers.ts'

test('reserved is what begins with x-weft-, in any case, and nothing else', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[xX][-_]?[wW]?[eE]?[fF]?[tT]?-?[a-zA-Z-]{0,8}$/),
    fc.stringMatching(/^[xX]-[wW][eE][fF][tT]-[a-zA-Z-]{0,8}$/),
    fc.string(),
  )
  fc.assert(
    fc.property(name, (text) => {
      const reserved = /^x-weft-/i.test(text)
      expect(isReservedHeader(text)).toBe(reserved)
      expect(hasReservedHeader(['accept', 'x-weft-peer', text, 'v'])).toBe(reserved)
    }),
  )
})
