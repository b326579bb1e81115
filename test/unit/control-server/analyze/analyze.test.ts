import { describe, expect, test } from 'vitest'
import { type Analysis, type AnalyzeOptions, analyze } from '../../../../packages/control-server/src/analyze/analyze.ts'
import { CODES, type Code } from '../../../../packages/control-server/src/analyze/codes.ts'
import { type ParsedDocument, parseResources } from '../../../../packages/control-server/src/config/parse.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { resource } from '../config/resources.ts'
import { CASES as OTHER_CASES } from './cases.ts'
import { DELEGATE_CASES } from './delegate-cases.ts'
import { GRPC_CASES } from './grpc-cases.ts'
import { SECURITY_CASES, type SecurityCase } from './security-cases.ts'

const CASES: readonly SecurityCase[] = [...OTHER_CASES, ...DELEGATE_CASES, ...SECURITY_CASES, ...GRPC_CASES]

const KNOWS_ALL = { hasHost: () => true, hasSubset: () => true, hasRule: () => true }

function analyzeText(text: string, options: AnalyzeOptions = {}, contentType = ''): Analysis {
  const parsed = parseResources(text, contentType, { withLines: true })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return analyze(parsed.value, options)
}

const placesOf = ({ messages }: Analysis, wanted: Code): string[] =>
  messages
    .filter(({ code }) => code === wanted)
    .map(({ resource: { kind, name }, field, line }) => `${kind}/${name} ${field}:${line}`)

describe('what is said, of which resource, field and line', () => {
  test.each(CASES)('$code $name', ({ yaml, code, expected, workloads }) => {
    const server = workloads && { stored: [], knownWith: () => KNOWS_ALL, workloads }
    expect(placesOf(analyzeText(yaml, server === undefined ? {} : { server }), code)).toEqual(expected)
  })

  test('each code is shown, but the one for which there is nothing left to say', () => {
    const shown = new Set(CASES.filter(({ expected }) => expected.length > 0).map(({ code }) => code))
    expect(Object.keys(CODES).filter((code) => !shown.has(code as Code))).toEqual(['WEFT0105'])
  })
})

const YAML = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec: { hosts: [reviews], http: [{ route: [{ destination: { host: reviews } }] }] }
`.trimStart()

const read = (text: string): ReturnType<typeof validateResource>['resource'] & object => {
  const parsed = parseResources(text)
  const resource = parsed.ok ? validateResource(parsed.value[0]?.value).resource : undefined
  if (resource === undefined) throw new Error('is not valid')
  return resource
}

describe('with a server', () => {
  const stored = read(YAML)
  const knowsReviews = {
    hasHost: (host: string) => host.startsWith('reviews.'),
    hasSubset: () => false,
    hasRule: () => false,
  }
  const server = { stored: [stored], knownWith: () => knowsReviews }

  test('hosts that it knows are not missed, others are a warning instead of an information', () => {
    const given = YAML.replace('host: reviews', 'host: ratings')
    expect(analyzeText(YAML, { server }).messages).toEqual([])
    expect(analyzeText(given, { server }).messages).toMatchObject([{ code: 'WEFT0201', severity: 'warning' }])
    expect(analyzeText(given).counts).toEqual({ error: 0, warning: 0, info: 2 })
  })

  test('what is given takes the place of what is stored, and is held against the rest', () => {
    expect(placesOf(analyzeText(YAML, { server }), 'WEFT0302')).toEqual([])
    const another = YAML.replace('name: a', 'name: b')
    expect(analyzeText(another, { server }).messages).toMatchObject([
      { code: 'WEFT0302', resource: { name: 'b' }, message: expect.stringContaining('VirtualService default/a') },
    ])
  })

  test('the ports of services that are only registered are known', () => {
    const text = YAML.replace('route:', 'rewrite: { uri: /a }, route:')
    const ofProtocol = (protocol: 'grpc' | 'http'): string[] => {
      const known = { ...KNOWS_ALL, registeredPorts: () => [{ name: '', number: 80, protocol }] }
      return placesOf(analyzeText(text, { server: { stored: [], knownWith: () => known } }), 'WEFT0602')
    }
    expect(ofProtocol('grpc')).toEqual(['VirtualService/a spec.http[0].rewrite.uri:4'])
    expect(ofProtocol('http')).toEqual([])
  })

  test('nothing is said of what is stored', () => {
    const given = 'apiVersion: v1\nkind: Service\nmetadata: { name: b }\nspec: { ports: [{ port: 1 }] }'
    const broken = { ...stored, spec: { hosts: ['x'], http: [{ delegate: { name: 'gone' } }] } }
    expect(analyzeText(given, { server: { ...server, stored: [broken] } }).messages).toEqual([])
  })
})

describe('any input', () => {
  test('JSON has lines too', () => {
    const text = JSON.stringify([read(YAML), { ...read(YAML), spec: { hosts: [5] } }], undefined, 2)
    const line = text.split('\n').findIndex((each) => each.trim() === '5') + 1
    expect(placesOf(analyzeText(text, {}, 'application/json'), 'WEFT0101')).toEqual([
      `VirtualService/a spec.hosts[0]:${line}`,
    ])
  })

  test('the fields of an anchor are found where it stands', () => {
    const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: a\n  annotations: { a: "b" }\nspec:\n  hosts: &h [5]\n  exportTo: *h\n`
    expect(placesOf(analyzeText(text), 'WEFT0101')).toEqual([
      'VirtualService/a spec.exportTo[0]:7',
      'VirtualService/a spec.hosts[0]:7',
    ])
  })

  test('ten thousand routes of a host, ten thousand delegates in a circle and a thousand rulers of a host take moments', () => {
    const spec = {
      hosts: ['reviews'],
      http: Array.from({ length: 10_000 }, (_, index) => ({
        match: [{ uri: { prefix: `/${'a'.repeat(index % 1000)}${index}` } }],
        route: [{ destination: { host: 'reviews' } }],
      })),
    }
    const service = read(YAML)
    const circle = Array.from({ length: 10_000 }, (_, index) => ({
      ...service,
      metadata: { name: `c${index}` },
      spec: { hosts: [`h${index}`], http: [{ delegate: { name: `c${(index + 1) % 10_000}` } }] },
    }))
    const rulers = Array.from({ length: 1_000 }, (_, index) => ({ ...service, metadata: { name: `r${index}` } }))
    const documents = [{ ...service, spec }, ...circle, ...rulers].map((value) => ({
      where: '',
      value: value as never,
      kind: undefined,
    }))
    // Of the processor: how long it takes on a machine that others use as well says nothing.
    const before = process.cpuUsage()
    const { messages, unlisted, counts } = analyze(documents)
    const { user, system } = process.cpuUsage(before)
    expect(user + system).toBeLessThan(10_000_000)
    expect(messages).toHaveLength(1000)
    expect(messages.every(({ severity }) => severity === 'error')).toBe(true)
    expect(unlisted).toBe(counts.error + counts.warning + counts.info - 1000)
  })

  test('thousands of rivals of each kind for one host do not fill the memory', () => {
    const thousands = (kind: string, spec: object): readonly ParsedDocument[] =>
      Array.from({ length: 2_000 }, (_, index) => ({
        where: '',
        value: { ...resource(kind, spec, { name: `${kind.toLowerCase()}-${index}` }) } as never,
        kind: undefined,
      }))
    const parentRefs = [{ group: '', kind: 'Service', name: 'reviews' }]
    const documents = [
      ...thousands('VirtualService', { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }] }] }),
      ...thousands('HTTPRoute', { parentRefs, rules: [{ backendRefs: [{ name: 'reviews', port: 80 }] }] }),
      ...thousands('Sidecar', { outboundTrafficPolicy: {}, egress: [{ hosts: ['other/*'] }] }),
    ]
    const { counts, unlisted } = analyze(documents)
    const all = counts.error + counts.warning + counts.info
    expect(unlisted).toBe(all - 1000)
    expect(all).toBeLessThan(documents.length * 20)
  })

  test.each([[[]], [5], ['a'], [{ kind: 'VirtualService' }], [{ apiVersion: 5, kind: [] }]])(
    '%j is told, not thrown',
    (value) => {
      const { counts } = analyze([{ where: '', value: value as never, kind: undefined }])
      expect(counts.error).toBeGreaterThan(0)
    },
  )
})
