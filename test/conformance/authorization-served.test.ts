import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectorTitle } from '../support/vectors.ts'
import { readAuthorizationRows } from './authorization-row.ts'
import { ConformanceReport } from './report.ts'
import { withGrpc } from './served/grpc-rows.ts'
import { reasonNotServed } from './served/reason-not-served.ts'
import { rowSets } from './served/row-sets.ts'
import { buildTown, type Town } from './served/town.ts'

const vectors = readAuthorizationRows()
const rows = (vectors ?? []).map(withGrpc)

describe.skipIf(vectors === undefined)(vectorTitle('Requests to workloads with AuthorizationPolicies', vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-authorization-served',
    title:
      'The rows of istio-authorization from end to end: policies applied to a control server, requests, calls of gRPC and connections sent over mutual TLS or in plaintext to processes that serve, those of gRPC by a server of grpc-js, tokens proven, providers asked.',
    rows: rows.map(({ id }) => id),
  })
  for (const row of rows) {
    const reason = reasonNotServed(row)
    if (reason !== undefined) report.notApplicable(row.id, reason)
  }
  const sent = rows.filter((row) => reasonNotServed(row) === undefined)

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
