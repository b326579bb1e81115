import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseResources } from '../../packages/control-server/src/config/parse.ts'
import { validateResource } from '../../packages/control-server/src/config/validate.ts'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { call } from '../support/control-server.ts'
import { vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

const SAMPLES = new URL('../../../shared/vectors/istio/samples/', import.meta.url)
const NAMESPACE = 'samples'

interface Sample {
  readonly id: string
  readonly file: string
  readonly value: unknown
  /** Whether the control server takes such things. */
  readonly taken: boolean
  readonly kind: string
  readonly name: string
}

function samplesOf(file: string): Sample[] {
  const parsed = parseResources(readFileSync(new URL(file, SAMPLES), 'utf8'), 'application/yaml')
  if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.error)}`)
  return parsed.value.map(({ value, kind }) => {
    const { kind: called, metadata } = value as { readonly kind: string; readonly metadata: { readonly name: string } }
    const id = `${file} ${called}/${metadata.name}`
    return { id, file, value, taken: kind !== undefined, kind: called, name: metadata.name }
  })
}

const present = existsSync(SAMPLES)
const files = present
  ? readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml'))
      .sort()
  : []

describe.skipIf(!present)(vectorTitle("Istio's samples", present || undefined), () => {
  const samples = files.flatMap(samplesOf)
  const report = new ConformanceReport({
    suite: 'istio-samples',
    title: "Documents of Istio's own samples, validated, analyzed and applied as they are.",
    rows: samples.map(({ id }) => id),
  })
  for (const { id, taken, kind } of samples) {
    if (!taken) report.notApplicable(id, `is a ${kind}, which the control server leaves out and says so`)
  }

  let server: ControlServer
  beforeAll(async () => {
    server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  })
  afterAll(async () => {
    await server.close()
    report.publish()
  })

  test.each(files)('%s', async (file) => {
    const text = readFileSync(new URL(file, SAMPLES), 'utf8')
    const post = (path: string): ReturnType<typeof call> => call(server.url + path, 'POST', text, 'application/yaml')
    const analyzed = await post('/v1/analyze')
    expect([analyzed.status, analyzed.body.counts.error]).toEqual([200, 0])
    const applied = await post(`/v1/apply?skipUnknown=true&namespace=${NAMESPACE}`)
    expect(applied.status).toBe(200)
    for (const sample of samples.filter((each) => each.file === file)) {
      const told = JSON.stringify(applied.body.warnings)
      if (sample.taken) checkTaken(sample, applied.body.results)
      else expect(told).toContain(`${sample.name} `)
      if (sample.taken) report.passed(sample.id)
    }
  })
})

function checkTaken({ value, kind, name }: Sample, results: readonly object[]): void {
  expect(validateResource(value).violations).toEqual([])
  expect(results).toContainEqual(expect.objectContaining({ kind, name }))
}
