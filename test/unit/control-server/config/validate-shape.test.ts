import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaOf } from '../../../../packages/control-server/src/config/schema/catalog.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { httpRoute, resource, violationsOf } from './resources.ts'

const service = (metadata: unknown): object => ({ ...resource('Service', { ports: [{ port: 80 }] }), metadata })

function messagesOf(value: unknown): string[] {
  return validateResource(value).violations.map(({ field, message }) => `${field}: ${message}`)
}

describe('what a resource is', () => {
  test.each([
    [null, ': must be an object with apiVersion, kind, metadata and spec, not empty (null)'],
    [[], ': must be an object with apiVersion, kind, metadata and spec, not a list'],
    [{}, 'apiVersion: is required'],
    [{ apiVersion: 'v1' }, 'kind: is required'],
    [{ apiVersion: 1, kind: 'Service' }, 'apiVersion: must be a string, not the number 1'],
    [
      { apiVersion: 'v2', kind: 'VirtualService' },
      'apiVersion: "v2" has no kind VirtualService; write networking.istio.io/v1',
    ],
    [{ apiVersion: 'v1', kind: 'Servcie' }, expect.stringContaining('did you mean Service?')],
    [
      { apiVersion: 'v1', kind: 'Pod' },
      expect.stringMatching(/^kind: "Pod" is not a kind .*CircuitBreaker \(mesh\.weft\.dev\/v1\)/),
    ],
  ])('%j', (value, expected) => {
    expect(messagesOf(value)).toEqual([expected])
  })

  test('an older version of the same schema is stored as the newest; a status and nulls are not kept', () => {
    const value = {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'VirtualService',
      metadata: { name: 'a', creationTimestamp: null, managedFields: [], labels: null },
      spec: httpRoute({ retries: { attempts: 1, retryRemoteLocalities: null }, mirror_percent: 5 }),
      status: {},
    }
    expect(validateResource(value).resource).toEqual({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'a', namespace: 'default' },
      spec: httpRoute({ retries: { attempts: 1 }, mirrorPercent: 5 }),
    })
  })

  test('every violation is told at once: top level, metadata, schema and meaning', () => {
    const value = { ...resource('VirtualService', { hosts: ['a', 1], http: [{}] }, { name: 'A' }), specs: {} }
    expect(validateResource(value).violations.map(({ field }) => field)).toEqual([
      'specs',
      'metadata.name',
      'spec.hosts[1]',
    ])
    const wrong = httpRoute({ timeout: '0s', retries: { attempts: '2' }, route: [{ destination: { host: 'b!' } }, {}] })
    expect(violationsOf('VirtualService', wrong)).toEqual([
      'spec.http[0].route[1].destination: is required',
      'spec.http[0].retries.attempts: must be a whole number, not a string',
      expect.stringMatching(/^spec\.http\[0\]\.route\[0\]\.destination\.host: "b!" is no host name/),
      'spec.http[0].timeout: must be at least 1ms; to have no limit, leave it out',
    ])
  })
})

describe('metadata', () => {
  test.each([
    [undefined, 'metadata: must be an object with a name, not absent'],
    ['x', 'metadata: must be an object with a name, not a string'],
    [{}, 'metadata.name: is required'],
    [{ name: 7 }, 'metadata.name: must be a string, not the number 7'],
    [{ name: 'Reviews' }, expect.stringContaining('metadata.name: "Reviews" is not a DNS label')],
    [{ name: 'a.b' }, expect.stringContaining('is not a DNS label')],
    [{ name: 'a'.repeat(64) }, expect.stringContaining('is not a DNS label')],
    [{ name: 'a', namespace: 'b.c' }, expect.stringContaining('metadata.namespace: "b.c" is not a DNS label')],
    [{ name: 'a', label: {} }, 'metadata.label: is not a field here; did you mean labels?'],
    [{ name: 'a', labels: ['x'] }, 'metadata.labels: must be an object of strings, not a list'],
    [
      { name: 'a', labels: { version: 1 } },
      'metadata.labels[version]: must be a string, not the number 1; put it in quotes',
    ],
    [{ name: 'a', labels: { 'a b': 'c' } }, expect.stringContaining('metadata.labels[a b]: "a b" is no label key')],
    [{ name: 'a', labels: { a: '-' } }, expect.stringContaining('is no label value')],
    [{ name: 'a', resourceVersion: 5 }, 'metadata.resourceVersion: must be a string, not the number 5'],
    [{ name: 'a', annotations: { 'istio.io/dry-run': 'true' } }, expect.stringContaining('AuthorizationPolicy')],
  ])('%j', (metadata, expected) => {
    expect(messagesOf(service(metadata))).toEqual([expected])
  })

  test('names of policies may have dots', () => {
    const named = (name: string): unknown => resource('VirtualService', httpRoute({}), { name })
    expect(messagesOf(named('reviews.prod'))).toEqual([])
    expect(messagesOf(named('reviews..prod'))).toEqual([expect.stringContaining('is not a DNS name')])
  })

  test('a namespace is filled in', () => {
    expect(validateResource(service({ name: 'a' })).resource?.metadata.namespace).toBe('default')
    expect(validateResource(service({ name: 'a' }), { defaultNamespace: 'x' }).resource?.metadata.namespace).toBe('x')
  })
})

describe('schema', () => {
  test.each([
    [{ hosts: 'a' }, 'spec.hosts: must be a list, not a string'],
    [{ host: ['a'] }, 'spec.host: is not a field here; did you mean hosts?'],
    [
      httpRoute({ corsPolicy: { unmatchedPreflights: 1 } }),
      'spec.http[0].corsPolicy.unmatchedPreflights: must be a string, not the number 1',
    ],
    [
      httpRoute({ retries: { per_try_timeout: '1s', attempts: 1 } }),
      'spec.http[0].retries.per_try_timeout: is not a field here; did you mean perTryTimeout?',
    ],
    [
      httpRoute({ match: [{ headers: { 'x-a/b': { exact: 1 } } }] }),
      'spec.http[0].match[0].headers[x-a/b].exact: must be a string, not the number 1',
    ],
    [httpRoute({ match: [{ port: -1 }] }), 'spec.http[0].match[0].port: must be from 0 to 4294967295, not -1'],
    [httpRoute({ timeout: 5 }), 'spec.http[0].timeout: must be a string, not the number 5'],
    [httpRoute({ match: null }), 'spec.http[0].match: must be a list, not empty (null)'],
  ])('%j', (spec, expected) => {
    expect(violationsOf('VirtualService', spec)).toEqual([expected])
  })

  test('an enum names what it takes', () => {
    const spec = { host: 'a', trafficPolicy: { loadBalancer: { simple: 'ROUNDROBIN' } } }
    expect(violationsOf('DestinationRule', spec)).toEqual([
      'spec.trafficPolicy.loadBalancer.simple: must be one of UNSPECIFIED, LEAST_CONN, RANDOM, PASSTHROUGH, ROUND_ROBIN, LEAST_REQUEST',
    ])
  })

  test('each kind has a schema for the description of the API', () => {
    for (const kind of ['Service', 'VirtualService', 'DestinationRule', 'CircuitBreaker']) {
      expect(schemaOf(kind)).toMatchObject({ type: 'object', properties: { kind: { enum: [kind] } } })
    }
    expect(schemaOf('Pod')).toBeUndefined()
  })
})

describe('bounds', () => {
  test('too many values and too deep are told, not looked at', () => {
    const many = resource('VirtualService', { hosts: Array.from({ length: 200_000 }, () => 1) })
    expect(messagesOf(many)).toEqual([': has more than 100000 values: write several smaller ones'])
    let deep: unknown = {}
    for (let level = 0; level < 200; level++) deep = [deep]
    expect(messagesOf(resource('Service', { ports: [{ port: 80 }], deep }))).toEqual([
      ': is nested deeper than 64 levels',
    ])
  })

  test('what is too long to be told is cut', () => {
    const [told] = violationsOf('VirtualService', { ...httpRoute({}), ['x'.repeat(100_000)]: 1 })
    expect(told?.length).toBeLessThan(1500)
  })

  test('of very many violations the first are listed and the rest is counted', () => {
    const spec = { hosts: Array.from({ length: 5000 }, () => '!'), http: [{ route: [{ destination: { host: 'a' } }] }] }
    const found = violationsOf('VirtualService', spec)
    expect(found).toHaveLength(101)
    expect(found.at(-1)).toBe(': and 4900 more')
  })
})

describe('never throws', () => {
  const word = fc.constantFrom(
    'spec',
    'hosts',
    'http',
    'match',
    'route',
    'headers',
    'uri',
    'regex',
    'tls',
    'tcp',
    'host',
    'subsets',
    'trafficPolicy',
    'loadBalancer',
    'ports',
    'fallback',
    'labels',
    'destination',
    'weight',
    'retries',
    '__proto__',
    'x',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.double(),
        fc.string(),
        fc.constantFrom('a', '*', '1s', '%'),
      ),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(word, tie('tree'), { maxKeys: 4 }),
    ),
  }))

  test('whatever a resource holds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Service', 'VirtualService', 'DestinationRule', 'CircuitBreaker'),
        tree,
        tree,
        (kind, spec, metadata) => {
          const { violations, resource: result } = validateResource(resource(kind, spec, metadata as object))
          expect(result === undefined).toBe(violations.length > 0)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
