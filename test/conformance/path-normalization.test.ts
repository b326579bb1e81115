import type { PathNormalization } from '@weft/mesh-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { rawConnection } from '../support/raw-http.ts'
import { meshConfig } from '../support/test-model.ts'
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
const modes = [...new Set(rows.map(({ normalization }) => normalization))]

describe.skipIf(vectors === undefined)(vectorTitle("Paths as Istio's proxies normalize them", vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-path-normalization',
    title:
      "Paths as Istio's proxies normalize them, sent to a process that serves under a MeshConfig with that mode; what its application sees.",
    rows: rows.map(({ id }) => id),
  })
  let scene: MeshScene
  let port: number
  beforeAll(async () => {
    scene = await openMeshScene()
    const mesh = scene.join({ service: 'paths' })
    const server = await mesh.serve((request, response) => void response.end(`<${request.url}>`), { host: '127.0.0.1' })
    port = server.port
    await mesh.ready({ timeoutMs: 10_000 })
  })
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]()
    report.publish()
  })

  describe.each(modes)('%s', (normalization) => {
    beforeAll(async () => {
      const { nacked, pending } = await scene.apply(meshConfig({ pathNormalization: { normalization } }))
      expect(nacked + pending).toBe(0)
    })

    test.each(rows.filter((row) => row.normalization === normalization))('$in', async (row) => {
      const head = [`GET ${row.in} HTTP/1.1`, 'Host: a', 'Connection: close', '', '']
      const connection = await rawConnection(port, head.join('\r\n'))
      await connection.closed
      expect(/<(.*)>/.exec(connection.text)?.[1]).toBe(row.out)
      report.passed(row.id)
    })
  })
})
