import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeGrpcMessage } from '../../../../packages/mesh-client/src/kernel/grpc-message.ts'

test('only what is printable is sent as it is', () => {
  expect(encodeGrpcMessage('all is well ~!')).toBe('all is well ~!')
  expect(encodeGrpcMessage('100 %\n')).toBe('100 %25%0A')
  expect(encodeGrpcMessage('für')).toBe('f%C3%BCr')
})

test('every text comes back as it was, and fits into a header', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodeGrpcMessage(text)
      expect(encoded).toMatch(/^[\x20-\x7e]*$/)
      expect(decodeURIComponent(encoded)).toBe(text)
    }),
  )
})
