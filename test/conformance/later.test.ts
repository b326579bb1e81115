import { afterAll, describe, expect, test } from 'vitest'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

/** A file of data about something that the mesh does not carry yet: it is listed, so that nothing seems to be covered. */
interface Later {
  readonly suite: string
  readonly title: string
  readonly reason: string
  readonly ids: readonly string[] | undefined
}

const LATER: readonly Later[] = [
  {
    suite: 'istio-jwt',
    title: "Tokens of Istio's own tests, with what is in them.",
    reason: 'serves the authentication of requests, which the mesh does not carry yet',
    ids: keysOf(readVectors<object>('istio/jwt/tokens.json')),
  },
]

function keysOf(value: object | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : Object.keys(value)
}

describe.each(LATER)('$suite', ({ suite, title, reason, ids }) => {
  describe.skipIf(ids === undefined)(vectorTitle(title, ids), () => {
    const report = new ConformanceReport({ suite, title, rows: ids ?? [] })
    for (const id of ids ?? []) report.notApplicable(id, reason)
    afterAll(() => report.publish())

    test('is there and not run', () => expect(ids).not.toEqual([]))
  })
})
