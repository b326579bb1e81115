import { describe, expect, test } from 'vitest'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { fieldsOf, resource, warningsOf } from './resources.ts'

/** A resource of each kind that uses most of what it can hold. */
const FULL: readonly (readonly [kind: string, spec: object])[] = [
  [
    'LoadBalancer',
    {
      host: 'reviews',
      subset: 'v1',
      exportTo: ['.'],
      policy: 'PEAK_EWMA',
      peakEwma: { decayTime: '10s', defaultRtt: '30ms', failurePenalty: '5s' },
      panicThreshold: 50,
      overprovisioningFactor: 140,
      subsetFallback: { defaultSubset: { labels: { version: 'v1' } } },
      outlierDetection: {
        successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900, enforcingPercent: 100 },
        failurePercentage: { threshold: 85, minimumHosts: 5, requestVolume: 50, enforcingPercent: 100 },
        maxEjectionTime: '300s',
        maxEjectionTimeJitter: '1s',
        alwaysEjectOneHost: true,
      },
      healthChecks: [
        { interval: '5s', timeout: '1s', http: { path: '/healthz', expectedStatuses: [{ start: 200, end: 300 }] } },
        { interval: '5s', timeout: '1s', unhealthyThreshold: 3, healthyThreshold: 2, port: 9000, grpc: {} },
        { interval: '5s', timeout: '1s', tcp: {} },
      ],
    },
  ],
  [
    'FaultInjection',
    {
      selector: { matchLabels: { app: 'ratings' } },
      rules: [
        {
          match: { uri: { prefix: '/ratings' }, method: { exact: 'GET' }, headers: { 'end-user': { exact: 'jason' } } },
          delay: { percentage: { value: 50 }, fixedDelay: '2s' },
        },
        { abort: { percentage: { value: 0.1 }, httpStatus: 503 } },
      ],
    },
  ],
  [
    'XBackendTrafficPolicy',
    {
      targetRefs: [{ group: '', kind: 'Service', name: 'reviews' }],
      retryConstraint: { budget: { percent: 20, interval: '10s' }, minRetryRate: { count: 3, interval: '1s' } },
    },
  ],
]

describe('of the kinds that Istio does not check', () => {
  test.each(FULL)('a %s with everything in it is valid', (kind, spec) => {
    expect(validateResource(resource(kind, spec)).violations).toEqual([])
  })
})

describe('the one MeshConfig', () => {
  const spec = {
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    connectTimeout: '1s',
    tcpKeepalive: { time: '10s' },
    localityLbSetting: { enabled: false },
    defaultHttpRetryPolicy: { attempts: 1 },
    defaultServiceExportTo: ['.'],
    dnsRefreshRate: '30s',
    h2UpgradePolicy: 'UPGRADE',
    rootNamespace: 'istio-system',
    extensionProviders: [{ name: 'anything' }],
  }

  test('is default in the root namespace', () => {
    const metadata = { name: 'default', namespace: 'istio-system' }
    expect(validateResource(resource('MeshConfig', spec, metadata)).violations).toEqual([])
  })

  test.each([
    [{ name: 'mine', namespace: 'istio-system' }, 'metadata.name'],
    [{ name: 'default' }, 'metadata.namespace'],
  ])('cannot be %j', (metadata, field) => {
    const only = 'the mesh has one MeshConfig, default in the namespace istio-system'
    expect(validateResource(resource('MeshConfig', spec, metadata)).violations).toEqual([
      { field, message: expect.stringContaining(only) },
    ])
  })

  test('cannot move the root namespace, and has only fields that Istio has', () => {
    expect(fieldsOf('MeshConfig', { rootNamespace: 'mesh' })).toContain('spec.rootNamespace')
    expect(fieldsOf('MeshConfig', { conectTimeout: '1s' })).toContain('spec.conectTimeout')
  })
})

const SE = { hosts: ['shop.example.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' }
const static_ = (endpoint: object, more: object = {}): object => ({
  ...SE,
  resolution: 'STATIC',
  endpoints: [endpoint],
  ...more,
})
const listener = (more: object): object => ({ hosts: ['*/*'], ...more })
const UNIX = { number: 0, protocol: 'HTTP' }

/** What is refused, by the field that the violation names. */
const REFUSED: readonly (readonly [kind: string, spec: object, field: string])[] = [
  ['ServiceEntry', { ...SE, hosts: [] }, 'spec.hosts'],
  ['ServiceEntry', { ...SE, hosts: ['*'] }, 'spec.hosts[0]'],
  ['ServiceEntry', { ...SE, hosts: ['*.example.com'] }, 'spec.hosts[0]'],
  ['ServiceEntry', { ...SE, resolution: 'DYNAMIC_DNS' }, 'spec.hosts[0]'],
  ['ServiceEntry', { ...SE, addresses: ['10.0.0.0/8'] }, 'spec.addresses[0]'],
  ['ServiceEntry', { ...SE, addresses: ['10.0.0'] }, 'spec.addresses[0]'],
  [
    'ServiceEntry',
    {
      ...SE,
      ports: [
        { number: 80, name: 'a' },
        { number: 80, name: 'b' },
      ],
    },
    'spec.ports[1].number',
  ],
  [
    'ServiceEntry',
    {
      ...SE,
      ports: [
        { number: 80, name: 'a' },
        { number: 81, name: 'a' },
      ],
    },
    'spec.ports[1].name',
  ],
  ['ServiceEntry', { ...SE, ports: [{ number: 80, name: 'a', protocol: 'SCTP' }] }, 'spec.ports[0].protocol'],
  ['ServiceEntry', { ...SE, ports: [{ number: 80, name: 'a', targetPort: 70_000 }] }, 'spec.ports[0].targetPort'],
  [
    'ServiceEntry',
    { ...SE, hosts: ['a.com', 'b.com'], ports: [{ number: 1, name: 'a', protocol: 'TCP' }] },
    'spec.ports[0].protocol',
  ],
  ['ServiceEntry', { ...SE, resolution: 'NONE', endpoints: [{ address: '1.1.1.1' }] }, 'spec.endpoints'],
  [
    'ServiceEntry',
    { ...SE, resolution: 'DNS_ROUND_ROBIN', endpoints: [{ address: 'a.com' }, { address: 'b.com' }] },
    'spec.endpoints',
  ],
  ['ServiceEntry', { ...SE, endpoints: [{ network: 'n' }] }, 'spec.endpoints[0].address'],
  ['ServiceEntry', { ...SE, endpoints: [{ address: 'unix:///a' }] }, 'spec.endpoints[0].address'],
  ['ServiceEntry', { ...SE, endpoints: [], workloadSelector: { labels: { a: 'b' } } }, 'spec.workloadSelector'],
  ['ServiceEntry', { ...SE, workloadSelector: { labels: { a: '*' } } }, 'spec.workloadSelector.labels[a]'],
  ['ServiceEntry', { ...SE, exportTo: ['~', '.'] }, 'spec.exportTo'],
  ['ServiceEntry', static_({ address: 'a.com' }), 'spec.endpoints[0].address'],
  ['ServiceEntry', static_({ address: '1.1.1.1', ports: { grpc: 1 } }), 'spec.endpoints[0].ports[grpc]'],
  ['ServiceEntry', static_({ address: 'unix:///a' }, { ports: [] }), 'spec.endpoints[0].address'],
  ['ServiceEntry', static_({ address: 'unix:///a/' }), 'spec.endpoints[0].address'],
  ['WorkloadEntry', {}, 'spec.address'],
  ['WorkloadEntry', { address: 'unix://@a', ports: { http: 1 } }, 'spec.ports'],
  ['WorkloadEntry', { address: '1.1.1.1', ports: { 'a b': 1 } }, 'spec.ports[a b]'],
  ['WorkloadEntry', { address: '1.1.1.1', labels: { 'a b': 'c' } }, 'spec.labels[a b]'],
  ['WorkloadGroup', {}, 'spec.template'],
  ['WorkloadGroup', { template: {}, probe: {} }, 'spec.probe'],
  ['WorkloadGroup', { template: {}, probe: { exec: { command: [] } } }, 'spec.probe.exec.command'],
  ['WorkloadGroup', { template: {}, probe: { tcpSocket: { port: 0 } } }, 'spec.probe.tcpSocket.port'],
  ['WorkloadGroup', { template: {}, probe: { tcpSocket: { port: 1 }, grpc: {} } }, 'spec.probe.grpc'],
  ['WorkloadGroup', { template: {}, probe: { httpGet: { port: 1, scheme: 'http' } } }, 'spec.probe.httpGet.scheme'],
  ['WorkloadGroup', { template: { address: 'unix://a' } }, 'spec.template.address'],
  ['Sidecar', {}, 'spec'],
  ['Sidecar', { egress: [{ hosts: [] }] }, 'spec.egress[0].hosts'],
  ['Sidecar', { egress: [{ hosts: ['reviews'] }] }, 'spec.egress[0].hosts[0]'],
  ['Sidecar', { egress: [{ hosts: ['./reviews'] }] }, 'spec.egress[0].hosts[0]'],
  ['Sidecar', { egress: [{ hosts: ['a_b/x.com'] }] }, 'spec.egress[0].hosts[0]'],
  ['Sidecar', { egress: [{ hosts: ['./*a.com'] }] }, 'spec.egress[0].hosts[0]'],
  ['Sidecar', { egress: [listener({}), listener({ port: { number: 80 } })] }, 'spec.egress[0]'],
  ['Sidecar', { egress: [listener({ port: UNIX })] }, 'spec.egress[0].bind'],
  [
    'Sidecar',
    { egress: [listener({ port: UNIX, bind: 'unix:///a', captureMode: 'IPTABLES' })] },
    'spec.egress[0].captureMode',
  ],
  ['Sidecar', { egress: [listener({ port: { number: 80, targetPort: 1 } })] }, 'spec.egress[0].port.targetPort'],
  [
    'Sidecar',
    { outboundTrafficPolicy: { egressProxy: { host: 'a.com', port: { number: 1 } } } },
    'spec.outboundTrafficPolicy.egressProxy',
  ],
  [
    'Sidecar',
    { ingress: [{ port: { number: 80 }, defaultEndpoint: '10.0.0.1:80' }] },
    'spec.ingress[0].defaultEndpoint',
  ],
  ['Sidecar', { ingress: [{ port: { number: 80 }, defaultEndpoint: '127.0.0.1' }] }, 'spec.ingress[0].defaultEndpoint'],
  [
    'Sidecar',
    {
      ingress: [
        { port: { number: 80, protocol: 'HTTPS' }, tls: { mode: 'MUTUAL', serverCertificate: 'a', privateKey: 'b' } },
      ],
    },
    'spec.ingress[0].tls.caCertificates',
  ],
  ['Sidecar', { inboundConnectionPool: {} }, 'spec.inboundConnectionPool'],
  ['MeshConfig', { connectTimeout: '2h' }, 'spec.connectTimeout'],
  ['MeshConfig', { defaultServiceExportTo: ['*', 'a'] }, 'spec.defaultServiceExportTo'],
  ['MeshConfig', { defaultVirtualServiceExportTo: ['~'] }, 'spec.defaultVirtualServiceExportTo[0]'],
  ['MeshConfig', { defaultHttpRetryPolicy: { retryOn: '5xx' } }, 'spec.defaultHttpRetryPolicy.attempts'],
  ['LoadBalancer', { host: '*.a.com' }, 'spec.host'],
  ['LoadBalancer', { host: 'a', peakEwma: {} }, 'spec.peakEwma'],
  ['LoadBalancer', { host: 'a', policy: 'RANDOM', leastRequest: { choiceCount: 3 } }, 'spec.leastRequest'],
  ['LoadBalancer', { host: 'a', leastRequest: { choiceCount: 1 } }, 'spec.leastRequest.choiceCount'],
  ['LoadBalancer', { host: 'a', policy: 'MAGLEV', hashBalanceFactor: 99 }, 'spec.hashBalanceFactor'],
  ['LoadBalancer', { host: 'a', panicThreshold: 101 }, 'spec.panicThreshold'],
  ['LoadBalancer', { host: 'a', subsetFallback: 'ANY' }, 'spec.subsetFallback'],
  [
    'LoadBalancer',
    { host: 'a', subsetFallback: { defaultSubset: { labels: {} } } },
    'spec.subsetFallback.defaultSubset.labels',
  ],
  ['LoadBalancer', { host: 'a', healthChecks: [{ interval: '1s', timeout: '1s' }] }, 'spec.healthChecks[0]'],
  [
    'LoadBalancer',
    { host: 'a', healthChecks: [{ interval: '0s', timeout: '1s', tcp: {} }] },
    'spec.healthChecks[0].interval',
  ],
  [
    'LoadBalancer',
    { host: 'a', healthChecks: [{ interval: '1s', timeout: '1s', http: { path: 'a' } }] },
    'spec.healthChecks[0].http.path',
  ],
  [
    'LoadBalancer',
    { host: 'a', healthChecks: [{ interval: '1s', timeout: '1s', http: { path: '/', host: 'a\r\nb' } }] },
    'spec.healthChecks[0].http.host',
  ],
  [
    'LoadBalancer',
    { host: 'a', outlierDetection: { maxEjectionTime: '-1s' } },
    'spec.outlierDetection.maxEjectionTime',
  ],
  ['FaultInjection', { rules: [] }, 'spec.rules'],
  ['FaultInjection', { rules: [{}] }, 'spec.rules[0]'],
  ['FaultInjection', { rules: [{ abort: { httpStatus: 99 } }] }, 'spec.rules[0].abort.httpStatus'],
  ['FaultInjection', { rules: [{ delay: {}, match: { headers: { 'a b': {} } } }] }, 'spec.rules[0].match.headers[a b]'],
  ['FaultInjection', { rules: [{ delay: {}, match: { uri: { regex: '(' } } }] }, 'spec.rules[0].match.uri.regex'],
  ['XBackendTrafficPolicy', { targetRefs: [] }, 'spec.targetRefs'],
  ['XBackendTrafficPolicy', { targetRefs: [{ group: '', kind: 'Service', name: 'a.b' }] }, 'spec.targetRefs[0].name'],
  [
    'XBackendTrafficPolicy',
    { targetRefs: [{ group: '', kind: 'Service', name: 'a' }], retryConstraint: { budget: { interval: '61m' } } },
    'spec.retryConstraint.budget.interval',
  ],
  [
    'XBackendTrafficPolicy',
    {
      targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
      retryConstraint: { minRetryRate: { interval: '1.5s' } },
    },
    'spec.retryConstraint.minRetryRate.interval',
  ],
]

test.each(REFUSED)('refuses %s %j at %s', (kind, spec, field) => {
  const metadata = kind === 'MeshConfig' ? { name: 'default', namespace: 'istio-system' } : { name: 'x' }
  const fields = validateResource(resource(kind, spec, metadata)).violations.map((violation) => violation.field)
  expect(fields).toEqual([field])
})

/** What is let through with a warning, which begins with the field. */
const WARNED: readonly (readonly [kind: string, spec: object, field: string])[] = [
  ['ServiceEntry', { ...SE, resolution: 'NONE', hosts: ['*a.com'] }, 'spec.hosts[0]'],
  ['ServiceEntry', { ...SE, resolution: 'NONE', ports: [{ number: 1, name: 'a' }] }, 'spec.ports[0]'],
  ['ServiceEntry', { ...SE, resolution: 'NONE', workloadSelector: { labels: { a: 'b' } } }, 'spec.workloadSelector'],
  ['ServiceEntry', { ...SE, workloadSelector: {} }, 'spec.workloadSelector'],
  ['ServiceEntry', { ...SE, resolution: 'STATIC', endpoints: [] }, 'spec.resolution'],
  ['ServiceEntry', { ...SE, ports: [] }, 'spec.ports'],
  ['WorkloadEntry', { network: 'n' }, 'spec.address'],
  ['Sidecar', { workloadSelector: {}, egress: [{ hosts: ['*/*'] }] }, 'spec.workloadSelector'],
  ['Sidecar', { egress: [{ hosts: ['a/*', 'a/b.com'] }] }, 'spec.egress[0].hosts[1]'],
  ['Sidecar', { egress: [{ hosts: ['*/*', 'a/b.com'] }] }, 'spec.egress[0].hosts'],
  [
    'Sidecar',
    { ingress: [{ port: { number: 1, protocol: 'TCP' }, connectionPool: { http: {} } }] },
    'spec.ingress[0].connectionPool.http',
  ],
  ['FaultInjection', { rules: [{ delay: {} }, { delay: {} }] }, 'spec.rules[0]'],
  ['XBackendTrafficPolicy', { targetRefs: [{ group: 'a', kind: 'Backend', name: 'b' }] }, 'spec.targetRefs[0]'],
]

test.each(WARNED)('warns of %s %j at %s', (kind, spec, field) => {
  const told = warningsOf(kind, spec).filter((text) => !/not yet enforced|cluster's proxy/.test(text))
  expect(told).toEqual([expect.stringMatching(new RegExp(`^${field.replaceAll(/[[\].]/g, '\\$&')}: `))])
})

const SPECS = [...FULL, ...REFUSED, ...WARNED].map(([kind, spec]) => [kind, spec] as const)

test.each(SPECS)('%s %j: no part that is missing or of another type is thrown over', (kind, spec) => {
  for (const [at, broken] of brokenCopies(spec)) {
    expect(() => validateResource(resource(kind, broken)), at).not.toThrow()
  }
})

/** The value without each of its parts, and with each of them as something else. */
function* brokenCopies(value: unknown, at = 'spec'): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const rest: Record<string, unknown> = { ...value }
    const part = rest[key]
    delete rest[key]
    if (!Array.isArray(value)) yield [`${at}.${key}`, rest]
    for (const other of [null, 7, 'a', [], {}]) yield [`${at}.${key}`, withPart(value, key, other)]
    for (const [where, inner] of brokenCopies(part, `${at}.${key}`)) yield [where, withPart(value, key, inner)]
  }
}

function withPart(value: object, key: string, part: unknown): unknown {
  return Array.isArray(value) ? value.with(Number(key), part) : { ...value, [key]: part }
}
