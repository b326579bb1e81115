import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PathNormalization } from '@weft/mesh-protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { rawConnection } from '../support/raw-http.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

interface Row {
  readonly id: string
  readonly normalization: PathNormalization
  readonly in: string
  readonly out: string
}

const vectors = readVectors<readonly Omit<Row, 'id'>[]>('istio/path-normalization.json')
const rows: readonly Row[] = (vectors ?? []).map((row, index) => ({
  ...row,
  id: `${row.normalization} ${row.in} (${index})`,
}))

describe.skipIf(vectors === undefined)(vectorTitle("Paths as Istio's proxies normalize them", vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-path-normalization',
    title: "Paths as Istio's proxies normalize them, sent to a server of the mesh; what its application sees.",
    rows: rows.map(({ id }) => id),
  })
  afterAll(() => report.publish())

  test.each(rows)('$id', async (row) => {
    await using harness = inboundHarness()
    harness.policy.set({ inbound: { ...inboundPolicy([]), pathNormalization: row.normalization } })
    const server = await harness.inbound.serve(
      (request: IncomingMessage, response: ServerResponse) => response.end(`<${request.url}>`),
      { host: '127.0.0.1' },
    )
    const head = [`GET ${row.in} HTTP/1.1`, 'Host: a', 'Connection: close', '', '']
    const connection = await rawConnection(server.port, head.join('\r\n'))
    await connection.closed
    expect(/<(.*)>/.exec(connection.text)?.[1]).toBe(row.out)
    report.passed(row.id)
  })
})
