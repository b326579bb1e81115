import { afterAll, beforeAll, describe, test } from 'vitest'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import type { Row } from './gateway-api/row.ts'
import { runRow } from './gateway-api/run-row.ts'
import { type ConformanceScene, openConformanceScene } from './gateway-api/scene.ts'
import { ConformanceReport } from './report.ts'

const BASE = 'mesh/_base.yaml'

const http = readVectors<readonly Row[]>('gateway-api/mesh-http.json')
const grpc = readVectors<readonly Row[]>('gateway-api/mesh-grpc.json')

/** Why a row says nothing of a mesh in the client's process. */
function reasonNotApplicable({ clientMesh, base }: Row): string | undefined {
  if (clientMesh !== 'yes') return `needs a gateway or a proxy (${clientMesh})`
  return base === BASE ? undefined : 'needs a gateway'
}

describe.skipIf(http === undefined)(vectorTitle("Gateway API's mesh conformance suite", http), () => {
  const rows = [...(http ?? []), ...(grpc ?? [])]
  const report = new ConformanceReport({
    suite: 'gateway-api-mesh',
    title:
      "Requests of Gateway API's mesh conformance suite, sent from workloads to workloads with its manifests applied; what arrived, the location of redirects and rewritten paths are checked as well, which the suite itself does not.",
    rows: rows.map(({ id }) => id),
  })
  let scene: ConformanceScene
  beforeAll(async () => {
    const methods = new Set((grpc ?? []).map(({ request }) => request.path))
    scene = await openConformanceScene(BASE, [...methods])
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    report.publish()
  })

  for (const row of rows) {
    const reason = reasonNotApplicable(row)
    if (reason === undefined) {
      test(row.id, async () => {
        await runRow(scene, row)
        report.passed(row.id)
      })
    } else report.notApplicable(row.id, reason)
  }
})
