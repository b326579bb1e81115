import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectorTitle } from '../../support/vectors.ts'
import { type AuthorizationRow, readAuthorizationRows } from '../authorization-row.ts'
import { ConformanceReport } from '../report.ts'
import { reasonNotServed } from './reason-not-served.ts'
import { rowSets } from './row-sets.ts'
import { buildTown, type Town } from './town.ts'

/** How the rows of AuthorizationPolicies are asked. */
export interface AuthorizationSuite {
  readonly suite: string
  /** For the page. */
  readonly title: string
  /** For the report of the tests. */
  readonly heading: string
  /** A row as it is sent. */
  readonly sentAs: (row: AuthorizationRow) => AuthorizationRow
  /** Why a row is not sent at all, besides what none can be sent of; `undefined`: it is. */
  readonly reasonNot?: (row: AuthorizationRow) => string | undefined
}

/** Asks each row that can be asked of a town of processes that serve under its policies, and tells the totals. */
export function authorizationSuite({ suite, title, heading, sentAs, reasonNot }: AuthorizationSuite): void {
  const vectors = readAuthorizationRows()
  const rows = vectors ?? []
  const reasonNotSent = (row: AuthorizationRow): string | undefined => reasonNot?.(row) ?? reasonNotServed(row)

  describe.skipIf(vectors === undefined)(vectorTitle(heading, vectors), () => {
    const report = new ConformanceReport({ suite, title, rows: rows.map(({ id }) => id) })
    for (const row of rows) {
      const reason = reasonNotSent(row)
      if (reason !== undefined) report.notApplicable(row.id, reason)
    }
    const sent = rows.filter((row) => reasonNotSent(row) === undefined).map(sentAs)

    let town: Town
    beforeAll(async () => {
      town = await buildTown(sent)
    })
    afterAll(async () => {
      await town?.[Symbol.asyncDispose]()
      report.publish()
    })

    describe.each(rowSets(sent))('policies of $rows.0.id', (set) => {
      beforeAll(() => town.enact(set))

      test.each([...set.rows])('$id $title', async (row) => {
        expect(await town.ask(row)).toBe(row.expect)
        report.passed(row.id)
      })
    })
  })
}
