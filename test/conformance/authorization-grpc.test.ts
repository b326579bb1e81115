import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectorTitle } from '../support/vectors.ts'
import { type AuthorizationRow, readAuthorizationRows } from './authorization-row.ts'
import { ConformanceReport } from './report.ts'
import { asGrpc, reasonNotGrpc } from './served/grpc-rows.ts'
import { reasonNotServed } from './served/reason-not-served.ts'
import { rowSets } from './served/row-sets.ts'
import { buildTown, type Town } from './served/town.ts'

const vectors = readAuthorizationRows()
const rows = vectors ?? []

const reasonNotSent = (row: AuthorizationRow): string | undefined => reasonNotGrpc(row) ?? reasonNotServed(row)

describe.skipIf(vectors === undefined)(
  vectorTitle('Calls of gRPC to workloads with AuthorizationPolicies', vectors),
  () => {
    const report = new ConformanceReport({
      suite: 'istio-authorization-grpc',
      title:
        'The rows of istio-authorization as calls of gRPC: each request over HTTP is asked of a server of grpc-js that has its path as a method, by clients of grpc-js with and without a mesh; its method is POST, also in the policies.',
      rows: rows.map(({ id }) => id),
    })
    for (const row of rows) {
      const reason = reasonNotSent(row)
      if (reason !== undefined) report.notApplicable(row.id, reason)
    }
    const sent = rows.filter((row) => reasonNotSent(row) === undefined).map(asGrpc)

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
  },
)
