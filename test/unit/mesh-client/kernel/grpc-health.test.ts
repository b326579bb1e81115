import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeHealthRequest,
  decodeHealthResponse,
  encodeHealthRequest,
  encodeHealthResponse,
} from '../../../../packages/mesh-client/src/kernel/grpc-health.ts'

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

const BROKEN: readonly (readonly [string, string])[] = [
  ['ends within a number', 'ff'],
  ['ends within a field', '0a0561'],
  ['has a group', '0b'],
  ['claims more than there is', '0affffffff0f'],
  ['has an endless number', 'ffffffffffffffffffffff'],
]

describe('requests of grpc.health.v1', () => {
  test.each([
    ['', ''],
    ['ab', '0a02 6162'],
    ['x'.repeat(300), `0aac02 ${'78'.repeat(300)}`],
  ])('of %j are as protobuf has them', (service, hex) => {
    expect(encodeHealthRequest({ service })).toEqual(bytesOf(hex))
  })

  test('are read as they are written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (service) => {
        expect(decodeHealthRequest(encodeHealthRequest({ service }))).toEqual({ service })
      }),
    )
  })

  test.each([
    ['fields that nobody knows', '10ac02 0a0161 18ff01 2205616263646531 0000000000000000 3d00000000', 'a'],
    ['the last of several', '0a0161 0a0162', 'b'],
    ['nothing', '', ''],
  ])('with %s', (_name, hex, service) => {
    expect(decodeHealthRequest(bytesOf(hex))).toEqual({ service })
  })

  test.each(BROKEN)('one that %s is refused', (_name, hex) => {
    expect(() => decodeHealthRequest(bytesOf(hex))).toThrow(/^the message/)
  })

  test('no bytes break the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(typeof decodeHealthRequest(Buffer.from(bytes)).service).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

describe('responses of grpc.health.v1', () => {
  test.each([
    ['SERVING', '0801'],
    ['NOT_SERVING', '0802'],
    ['SERVICE_UNKNOWN', '0803'],
  ] as const)('%s is as protobuf has it', (status, hex) => {
    expect(encodeHealthResponse(status)).toEqual(bytesOf(hex))
  })

  test.each([
    ['0801', 1],
    ['', 0],
    ['088101', 129],
    ['1200', 0],
    ['0801 0802', 2],
  ])('%j tells %d', (hex, status) => {
    expect(decodeHealthResponse(bytesOf(hex))).toBe(status)
  })

  test.each(BROKEN)('one that %s is refused', (_name, hex) => {
    expect(() => decodeHealthResponse(bytesOf(hex))).toThrow(RangeError)
  })
})
