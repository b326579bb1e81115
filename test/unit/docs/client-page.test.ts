import { describe, expect, test } from 'vitest'
import { propagation } from '../../../packages/mesh-client/src/inbound/propagation.ts'
import { ERROR_CODES } from '../../../packages/mesh-client/src/kernel/errors.ts'
import { NOBODY_KNOWN } from '../../../packages/mesh-client/src/kernel/recorder.ts'
import { resolveOptions } from '../../../packages/mesh-client/src/options/resolve-options.ts'
import { createPrometheusRecorder } from '../../../packages/mesh-client/src/telemetry/prometheus-recorder.ts'
import { codes, readPage, section, tableRows } from './markdown.ts'

const page = readPage('docs/client.md')

describe('options of createMesh in docs/client.md', () => {
  const rows = tableRows(section(page, '## Options'))
  const documented = rows.map(([name = '']) => name.replaceAll('`', ''))
  const variables = rows.flatMap(([, variable = '']) => codes(variable).filter((code) => /^[A-Z_]+$/.test(code)))

  test('are those that are resolved', () => {
    expect(documented.toSorted()).toEqual(Object.keys(resolveOptions({}, {})).toSorted())
  })

  test('name every environment variable that is read, and no other', () => {
    const read = new Set<string>()
    const environment = new Proxy<Record<string, string>>(
      {},
      {
        get(_, name) {
          read.add(String(name))
          return undefined
        },
      },
    )
    resolveOptions({}, environment)
    expect(variables.toSorted()).toEqual([...read].toSorted())
  })

  test.each(rows.filter(([, variable = '']) => codes(variable).some((code) => code.startsWith('WEFT_'))))(
    '%s comes from %s',
    (name = '', variable = '') => {
      const option = name.replaceAll('`', '')
      const given = { WEFT_ADMIN_PORT: '1', WEFT_SERVICE_PORT: '8', WEFT_DRAIN_DELAY_MS: '7', WEFT_LABELS: 'a=b' }
      const environmentName = codes(variable)[0] as string
      const samples: Record<string, string> = {
        ...given,
        WEFT_CONTROL: 'http://h:1',
        WEFT_DISABLED: '1',
        WEFT_LOCAL_DIRECTORY: 'off',
        WEFT_EXEC_PROBES: 'on',
        WEFT_CA_FINGERPRINT: 'ab'.repeat(32),
      }
      const secure = { control: 'https://h:1' }
      const needs = environmentName.startsWith('WEFT_CA_') ? secure : {}
      const before = resolveOptions({}, {})
      const after = resolveOptions(needs, { [environmentName]: samples[environmentName] ?? 'sample' })
      expect(after[option as keyof typeof after]).not.toEqual(before[option as keyof typeof before])
    },
  )

  test.each([
    'control',
    'namespace',
    'serviceAccount',
    'servicePort',
    'clusterId',
    'drainDelayMs',
    'localDirectory',
    'execProbes',
    'disabled',
  ] as const)('tell the default of %s', (name) => {
    const told = rows[documented.indexOf(name)]?.[3]
    expect(told).toBe(`\`${[resolveOptions({}, {})[name]].flat().join(', ')}\``)
  })
})

test('error codes in docs/client.md have their status and flag', () => {
  const documented = tableRows(section(page, '## Errors'))
    .filter(([code = '']) => code.startsWith('`WEFT_'))
    .map(([code, status, flag]) => [code, status, flag])
  const known = Object.entries(ERROR_CODES).map(([code, { status, flag }]) => [
    `\`${code}\``,
    status === 0 ? '–' : String(status),
    flag === '-' ? '–' : `\`${flag}\``,
  ])
  expect(documented).toEqual(known)
})

test('docs/client.md has every metric with its type and labels', () => {
  const { registry } = createPrometheusRecorder({ self: NOBODY_KNOWN, build: '0' })
  const registered = registry.getMetricsAsArray().map((metric) => {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: readonly string[] }
    const labels = labelNames.length >= 20 ? "Istio's" : labelNames.map((label) => `\`${label}\``).join(', ')
    return [`\`${name}\``, metric.constructor.name.replace('Collected', '').toLowerCase(), labels === '' ? '–' : labels]
  })
  const documented = tableRows(section(page, '## Metrics')).map(([name, type, labels = '']) => [
    name,
    type,
    labels.replace(', below', ''),
  ])
  expect(documented.toSorted()).toEqual(registered.toSorted())
})

test('docs/client.md names every header that follows by itself', () => {
  const told = codes(section(page, '## Context that follows calls'))
  const { always, withoutTracer } = propagation([])
  for (const name of [...always, ...withoutTracer]) expect(told).toContain(name)
})
