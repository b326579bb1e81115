import { describe, expect, test } from 'vitest'
import { fieldsOf, policy, warningsOf } from './resources.ts'

type Case = readonly [name: string, spec: object, fields: readonly string[]]

const at = (path: string): string[] => [`spec.trafficPolicy.${path}`]
const lb = (loadBalancer: object, more: object = {}): object => policy({ loadBalancer, ...more })
const hash = (consistentHash: object): object => lb({ consistentHash })
const locality = (localityLbSetting: object): object => lb({ localityLbSetting }, { outlierDetection: {} })
const distribute = (...from: string[]): object =>
  locality({ distribute: from.map((each) => ({ from: each, to: { a: 100 } })) })
const DISTRIBUTE = 'loadBalancer.localityLbSetting.distribute'

const RULE: readonly Case[] = [
  ['a wildcard', { host: '*.b.com' }, []],
  ['a subset twice', { host: 'a', subsets: [{ name: 'v1' }, { name: 'v1' }] }, ['spec.subsets[1].name']],
  ['a subset without a name', { host: 'a', subsets: [{ name: '' }] }, ['spec.subsets[0].name']],
  [
    'a label of a subset',
    { host: 'a', subsets: [{ name: 'v1', labels: { version: 'v 1' } }] },
    ['spec.subsets[0].labels[version]'],
  ],
  [
    'a policy of a subset',
    { host: 'a', subsets: [{ name: 'v1', trafficPolicy: {} }] },
    ['spec.subsets[0].trafficPolicy'],
  ],
  [
    'a wildcard in a selector',
    { host: 'a', workloadSelector: { matchLabels: { a: '*' } } },
    ['spec.workloadSelector.matchLabels[a]'],
  ],
  [
    'a selector that leaves the namespace',
    { host: 'a', workloadSelector: { matchLabels: { a: 'b' } }, exportTo: ['*'] },
    ['spec.exportTo'],
  ],
]

const POLICY: readonly Case[] = [
  ['nothing', policy({}), ['spec.trafficPolicy']],
  ['a port without a policy', policy({ portLevelSettings: [{ port: { number: 80 } }] }), at('portLevelSettings[0]')],
  ['a policy without a port', policy({ portLevelSettings: [{ tls: {} }] }), at('portLevelSettings[0].port')],
  [
    'a tunnel and the PROXY protocol',
    policy({ tunnel: { targetHost: 'b', targetPort: 80 }, proxyProtocol: {} }),
    at('proxyProtocol'),
  ],
  [
    'a tunnel',
    policy({ tunnel: { protocol: 'GET', targetHost: '-', targetPort: 0 } }),
    ['protocol', 'targetHost', 'targetPort'].map((name) => `spec.trafficPolicy.tunnel.${name}`),
  ],
  ['a pool of nothing', policy({ connectionPool: {} }), at('connectionPool')],
  [
    'a negative limit',
    policy({ connectionPool: { tcp: { maxConnections: -1 } } }),
    at('connectionPool.tcp.maxConnections'),
  ],
  ['idle for ever', policy({ connectionPool: { tcp: { idleTimeout: '0s' } } }), []],
  [
    'idle for ever over HTTP',
    policy({ connectionPool: { http: { idleTimeout: '0s' } } }),
    at('connectionPool.http.idleTimeout'),
  ],
  [
    'an upgrade and the protocol of the client',
    policy({ connectionPool: { http: { useClientProtocol: true, h2UpgradePolicy: 'UPGRADE' } } }),
    at('connectionPool.http.useClientProtocol'),
  ],
  [
    'half a keep-alive',
    policy({ connectionPool: { http: { http2KeepAlive: { interval: '1s' } } } }),
    at('connectionPool.http.http2KeepAlive.timeout'),
  ],
  ['outliers by default', policy({ outlierDetection: {} }), []],
  [
    'local failures that nobody counts',
    policy({ outlierDetection: { consecutiveLocalOriginFailures: 3 } }),
    at('outlierDetection.consecutiveLocalOriginFailures'),
  ],
  [
    'more than all',
    policy({ outlierDetection: { maxEjectionPercent: 101 } }),
    at('outlierDetection.maxEjectionPercent'),
  ],
  [
    'a code that is none',
    policy({ outlierDetection: { outlierDetectionHttpErrorCodes: [600] } }),
    at('outlierDetection.outlierDetectionHttpErrorCodes[0]'),
  ],
]

const BALANCING: readonly Case[] = [
  ['two algorithms', lb({ simple: 'RANDOM', consistentHash: {} }), at('loadBalancer.consistentHash')],
  ['two keys', hash({ useSourceIp: true, httpHeaderName: 'x' }), at('loadBalancer.consistentHash.useSourceIp')],
  [
    'a table that is no prime',
    hash({ maglev: { tableSize: 65536 } }),
    at('loadBalancer.consistentHash.maglev.tableSize'),
  ],
  ['a prime table', hash({ maglev: { tableSize: 65537 } }), []],
  ['a table of no size', hash({ maglev: {} }), at('loadBalancer.consistentHash.maglev.tableSize')],
  [
    'a ring in both forms',
    hash({ minimumRingSize: 5, ringHash: {} }),
    at('loadBalancer.consistentHash.minimumRingSize'),
  ],
  [
    'an attribute twice',
    hash({ httpCookie: { name: 'c', attributes: [{ name: 'a' }, { name: 'a' }] } }),
    at('loadBalancer.consistentHash.httpCookie.attributes[1].name'),
  ],
  ['a warm-up', lb({ warmup: { duration: '1m', aggression: 0 } }), at('loadBalancer.warmup.aggression')],
  ['a warm-up without a duration', lb({ warmup: { minimumPercent: 5 } }), at('loadBalancer.warmup.duration')],
  [
    'weights that are not 100',
    locality({ distribute: [{ from: 'a', to: { a: 50, b: 49 } }] }),
    at(`${DISTRIBUTE}[0].to`),
  ],
  ['a zone in its region', distribute('a', 'a/b'), at(DISTRIBUTE)],
  ['a region around its zone', distribute('a/b', 'a'), at(DISTRIBUTE)],
  ['two zones of a region', distribute('a/b', 'a/c'), []],
  ['a subzone in any zone', distribute('a/*', 'a/b/c'), at(DISTRIBUTE)],
  ['two subzones', distribute('a/b/c', 'a/b/d', 'a/b/*'), []],
  ['the same subzone', distribute('a/b/c', 'a/b/c'), at(DISTRIBUTE)],
  ['a part that is empty', distribute('a//c'), at(DISTRIBUTE)],
  [
    'failover to any region',
    locality({ failover: [{ from: 'a', to: '*' }] }),
    at('loadBalancer.localityLbSetting.failover[0]'),
  ],
  [
    'failover by region twice',
    locality({ failover: [{ from: 'a', to: 'b' }], failoverPriority: ['topology.kubernetes.io/region'] }),
    at('loadBalancer.localityLbSetting.failoverPriority'),
  ],
]

const TLS: readonly Case[] = [
  [
    'mutual without a certificate',
    policy({ tls: { mode: 'MUTUAL' } }),
    ['clientCertificate', 'privateKey'].map((name) => `spec.trafficPolicy.tls.${name}`),
  ],
  ['simple', policy({ tls: { mode: 'SIMPLE' } }), []],
  [
    'simple, unverified, with an authority',
    policy({ tls: { mode: 'SIMPLE', insecureSkipVerify: true, caCertificates: 'a' } }),
    at('tls.caCertificates'),
  ],
  [
    'a config map of another namespace',
    policy({ tls: { mode: 'SIMPLE', credentialName: 'configmap://other/a' } }),
    at('tls.credentialName'),
  ],
  [
    'a config map of its own namespace',
    policy({ tls: { mode: 'SIMPLE', credentialName: 'configmap://default/a' } }),
    [],
  ],
]

describe.each([
  ['rule', RULE],
  ['policy', POLICY],
  ['balancing', BALANCING],
  ['tls', TLS],
])('%s', (_, cases) => {
  test.each(cases)('%s', (_name, spec, fields) => {
    expect(fieldsOf('DestinationRule', spec)).toEqual(fields)
  })
})

test.each([
  [
    'errors that nobody counts any more',
    policy({ outlierDetection: { consecutiveErrors: 5 } }),
    'outlierDetection.consecutiveErrors: deprecated and ignored',
  ],
  [
    'failover without outlier detection',
    lb({ localityLbSetting: { failoverPriority: ['a'] } }),
    'localityLbSetting: has no effect without outlierDetection',
  ],
  [
    'a ring size of the older form',
    hash({ minimumRingSize: 5 }),
    'minimumRingSize: deprecated; use ringHash.minimumRingSize',
  ],
  [
    'endpoints that nothing warms up',
    lb({ simple: 'RANDOM', warmup: { duration: '10s' } }),
    'loadBalancer.warmup: has no effect: only ROUND_ROBIN and LEAST_REQUEST',
  ],
  [
    'the same of a hash',
    lb({ consistentHash: { useSourceIp: true }, warmupDurationSecs: '10s' }),
    'loadBalancer.warmupDurationSecs: has no effect',
  ],
])('warns of %s', (_, spec, expected) => {
  expect(warningsOf('DestinationRule', spec)).toContainEqual(expect.stringContaining(expected))
})
