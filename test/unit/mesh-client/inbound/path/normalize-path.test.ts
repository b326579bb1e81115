import type { PathNormalization } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pathNormalizer } from '../../../../../packages/mesh-client/src/inbound/path/normalize-path.ts'
import { readVectors, vectorTitle } from '../../../../support/vectors.ts'

const MODES: readonly PathNormalization[] = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']

interface Row {
  readonly normalization: PathNormalization
  readonly in: string
  readonly out: string
}

const vectors = readVectors<readonly Row[]>('istio/path-normalization.json')

describe.skipIf(vectors === undefined)(vectorTitle("Istio's own cases", vectors), () => {
  test.each(vectors ?? [])('$normalization: $in', (row) => {
    expect(pathNormalizer(row.normalization)(row.in)).toBe(row.out)
  })
})

describe('a path that needs it', () => {
  test.each<[PathNormalization, string, string | undefined]>([
    ['BASE', '/', '/'],
    ['BASE', '/..', '/'],
    ['BASE', '/a/..', '/'],
    ['BASE', '/a/.', '/a/'],
    ['BASE', '/../../etc/passwd', '/etc/passwd'],
    ['BASE', '/a/b/%2e%2e/c', '/a/c'],
    ['BASE', '/a/.%2e/c', '/c'],
    ['BASE', '/a/..%2fc', '/a/..%2fc'],
    ['BASE', '/a\\..\\c', '/c'],
    ['BASE', '/a/.hidden', '/a/.hidden'],
    ['BASE', '/a/..hidden', '/a/..hidden'],
    ['BASE', '/a/..;/c', '/a/..;/c'],
    ['BASE', '/a./b../c', '/a./b../c'],
    ['BASE', '/%61dmin', '/admin'],
    ['BASE', '/a%2Db%5Fc%7Ed%2E', '/a-b_c~d.'],
    ['BASE', '/a%3Ab', '/a%3Ab'],
    ['BASE', '/%00', undefined],
    ['BASE', '/admin%00.txt', undefined],
    ['MERGE_SLASHES', '//%00', undefined],
    ['NONE', '/%00', '/%00'],
    ['BASE', '/%', '/%'],
    ['BASE', '/%zz', '/%zz'],
    ['BASE', '/%%300', '/%2500'],
    ['BASE', '/%%30%30', '/%2500'],
    ['BASE', '/%%35c', '/%255c'],
    ['BASE', '/%3%35', '/%2535'],
    ['BASE', '/%%30x', '/%0x'],
    ['BASE', '/a{b}"<>^`|', '/a%7Bb%7D%22%3C%3E%5E%60%7C'],
    ['BASE', '/caf\u00e9', '/caf%E9'],
    ['BASE', '/a/../b?x=/../%41#c', '/b?x=/../%41'],
    ['BASE', '/a?x#y', '/a?x'],
    ['NONE', '/a#b?c', '/a'],
    ['MERGE_SLASHES', '/a//b?c=//', '/a/b?c=//'],
    ['MERGE_SLASHES', '///', '/'],
    ['DECODE_AND_MERGE_SLASHES', '/a%2f..%5Cb', '/b'],
    ['DECODE_AND_MERGE_SLASHES', '/a%2F?b=%2F', '/a/?b=%2F'],
    ['DECODE_AND_MERGE_SLASHES', '/%252f', '/%252f'],
  ])('%s: %s', (mode, path, expected) => {
    expect(pathNormalizer(mode)(path)).toBe(expected)
  })
})

const pieces = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '\\',
  'a',
  'B',
  '%41',
  '%',
  ';',
  '?',
  '%25',
  '3',
)
const path = fc.array(pieces, { maxLength: 14 }).map((parts) => `/${parts.join('')}`)

test('what is normalized stays as it is when it is normalized again', () => {
  fc.assert(
    fc.property(path, fc.constantFrom(...MODES.slice(0, 3)), (given, mode) => {
      const normalizer = pathNormalizer(mode)
      const once = normalizer(given)
      fc.pre(once !== undefined)
      expect(normalizer(once as string)).toBe(once)
    }),
  )
})

test('no dot segment and, merged, no empty one is left', () => {
  fc.assert(
    fc.property(path, fc.constantFrom(...MODES.slice(1)), (given, mode) => {
      const bare = pathNormalizer(mode)(given)?.split('?')[0]
      expect(bare).not.toMatch(/\/(?:\.|%2e){1,2}(?:\/|$)/i)
      expect(bare).toMatch(/^\//)
      if (mode !== 'BASE') expect(bare).not.toContain('//')
    }),
  )
})

test('a clean path is given back as it is', () => {
  const clean = '/reviews/7/comments.json?page=%2F&x=..//'
  for (const mode of MODES) expect(pathNormalizer(mode)(clean)).toBe(clean)
})
