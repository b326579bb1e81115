import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectorTitle } from '../support/vectors.ts'
import { type AuthorizationRow, readAuthorizationRows } from './authorization-row.ts'
import { ConformanceReport } from './report.ts'
import { rowSets } from './served/row-sets.ts'
import { buildTown, type Town } from './served/town.ts'

const vectors = readAuthorizationRows()
const rows = vectors ?? []

/** Why a row cannot be sent from this machine. */
function reasonNotServed({ request }: AuthorizationRow): string | undefined {
  const { sourceIp, destinationIp, remoteIp, headers = {}, principal, jwt, jwtToken } = request
  if (
    sourceIp !== undefined ||
    destinationIp !== undefined ||
    (remoteIp !== undefined && !('x-forwarded-for' in headers))
  )
    return 'is about an address of another machine: decided in process, in istio-authorization'
  if (typeof principal === 'string' && !/^cluster\.local\/ns\/[^/]+\/sa\/[^/]+$/.test(principal))
    return 'comes from somebody whom this mesh gives no certificate: decided in process, in istio-authorization'
  if (typeof jwt === 'object' && jwt !== null && typeof jwtToken !== 'string')
    return 'has a token that nobody has signed: decided in process, in istio-authorization'
  return undefined
}

describe.skipIf(vectors === undefined)(vectorTitle('Requests to workloads with AuthorizationPolicies', vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-authorization-served',
    title:
      'The rows of istio-authorization from end to end: policies applied to a control server, requests and connections sent over mutual TLS or in plaintext to processes that serve, tokens proven, providers asked.',
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
