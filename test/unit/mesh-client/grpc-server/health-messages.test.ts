import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeHealthRequest,
  encodeHealthResponse,
} from '../../../../packages/mesh-client/src/grpc/server/health-messages.ts'
import { encodeRequest, servingStatus } from '../../../../packages/mesh-client/src/http/health/grpc-check.ts'

describe('grpc.health.v1 on the wire', () => {
  test('requests are read as the mesh writes its own checks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (service) => {
        expect(decodeHealthRequest(encodeRequest(service).subarray(5))).toEqual({ service })
      }),
    )
  })

  test.each([
    ['SERVING', 1],
    ['NOT_SERVING', 2],
    ['SERVICE_UNKNOWN', 3],
  ] as const)('%s is written as it is read', (status, number) => {
    const message = encodeHealthResponse(status)
    const prefix = Buffer.from([0, 0, 0, 0, message.length])
    expect(servingStatus(Buffer.concat([prefix, message]))).toBe(number)
  })

  test.each([
    ['fields that nobody knows', '10ac02 0a0161 18ff01 2205616263646531 0000000000000000 3d00000000', 'a'],
    ['the last of several', '0a0161 0a0162', 'b'],
    ['nothing', '', ''],
  ])('a request with %s', (_name, hex, service) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    expect(decodeHealthRequest(bytes)).toEqual({ service })
  })

  test.each([
    ['ends within a number', 'ff'],
    ['ends within a field', '0a0561'],
    ['has a group', '0b'],
    ['claims more than there is', '0affffffff0f'],
    ['has an endless number', 'ffffffffffffffffffffff'],
  ])('a request that %s is refused', (_name, hex) => {
    expect(() => decodeHealthRequest(Buffer.from(hex, 'hex'))).toThrow(/^the message/)
  })

  test('no bytes break the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(typeof decodeHealthRequest(Buffer.from(bytes)).service).toBe('string')
        } catch (error) {
          expect(String(error)).toContain('the message')
        }
      }),
    )
  })
})
