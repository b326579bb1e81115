import fc from 'fast-check'

/** Names of services in every mesh that {@link meshStep} changes. */
export const NAMES = ['a', 'b', 'c']
export const hostOf = (name: string): string => `${name}.default.svc.cluster.local`

/** Everything that a client may ask for in it. */
export const HOSTS = [
  ...NAMES.map(hostOf),
  'ext.com',
  '*.com',
  '240.0.0.1',
  'alias.com',
  'c.default',
  '*.alias.com',
  hostOf('d'),
]

const name = fc.constantFrom(...NAMES)
const version = fc.constantFrom('v1', 'v2')
const subset = fc.constantFrom('', 'v1', 'v2')
const maybe = fc.boolean()

/** What can happen to the mesh. */
export const meshStep = fc.oneof(
  fc.record({
    do: fc.constant('register'),
    id: fc.nat(8),
    name,
    version,
    weight: fc.integer({ min: 1, max: 3 }),
    grouped: maybe,
    identity: maybe,
  }),
  fc.record({ do: fc.constant('group'), there: maybe, version, locality: fc.constantFrom('', 'r/z'), probed: maybe }),
  fc.record({ do: fc.constant('unregister'), id: fc.nat(8) }),
  fc.record({ do: fc.constant('service'), name, there: maybe, port: fc.constantFrom(80, 81) }),
  fc.record({
    do: fc.constant('rule'),
    name,
    there: maybe,
    subsets: fc.subarray(['v1', 'v2']),
    wildcard: maybe,
    hashed: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    exportTo: fc.constantFrom([], ['.'], ['other', '.']),
    forLabel: maybe,
  }),
  fc.record({
    do: fc.constant('balancer'),
    name,
    subset,
    there: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    fallback: fc.constantFrom(undefined, 'ANY_ENDPOINT', { defaultSubset: { labels: { version: 'v1' } } }),
    policy: fc.constantFrom('PEAK_EWMA', 'MAGLEV'),
  }),
  fc.record({ do: fc.constant('breaker'), name, there: maybe, fallback: name }),
  fc.record({
    do: fc.constant('entry'),
    id: fc.nat(3),
    host: fc.constantFrom('ext.com', '*.com', hostOf('b')),
    there: maybe,
    namespace: fc.constantFrom('default', 'other'),
    exportTo: fc.constantFrom([], ['.'], ['default'], ['other', '.'], ['~']),
    selecting: maybe,
    resolution: fc.constantFrom('STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'NONE'),
    address: fc.constantFrom('240.0.0.1', '240.0.0.2'),
    port: fc.constantFrom(80, 81),
  }),
  fc.record({
    do: fc.constant('machine'),
    id: fc.nat(3),
    there: maybe,
    name,
    version,
    namespace: fc.constantFrom('default', 'other'),
  }),
  fc.record({
    do: fc.constant('sidecar'),
    there: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    forLabel: maybe,
    hosts: fc.constantFrom(['*/*'], ['./*'], ['*/ext.com', `default/${hostOf('a')}`], ['~/*']),
    closed: maybe,
  }),
  fc.record({
    do: fc.constant('external'),
    from: fc.constantFrom('c', 'd', 'e'),
    to: fc.constantFrom('a', 'c', 'd', 'e'),
    there: maybe,
    port: fc.constantFrom(80, undefined),
    namespace: fc.constantFrom('default', 'other'),
  }),
  fc.record({
    do: fc.constant('alias'),
    host: fc.constantFrom('alias.com', 'c.default', 'x.com', '*.alias.com', 'd'),
    there: maybe,
    exportTo: fc.constantFrom([], ['.'], ['other']),
    namespace: fc.constantFrom('default', 'other'),
  }),
  fc.record({
    do: fc.constant('mesh'),
    exportTo: fc.constantFrom(['*'], ['.']),
    closed: maybe,
    trustDomain: fc.constantFrom('', 'td'),
    enableAutoMtls: maybe,
  }),
  fc.record({
    do: fc.constant('route'),
    name,
    there: maybe,
    to: name,
    subset,
    weight: fc.integer({ min: 0, max: 100 }),
    forLabel: maybe,
    delegates: maybe,
    cors: maybe,
  }),
  fc.record({ do: fc.constant('delegate'), there: maybe, to: name, hidden: maybe, cors: maybe }),
  fc.record({
    do: fc.constant('gateway-route'),
    kind: fc.constantFrom('HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'),
    namespace: fc.constantFrom('default', 'other'),
    name,
    to: name,
    there: maybe,
    port: fc.constantFrom(undefined, 80, 81),
    cors: maybe,
  }),
  fc.record({ do: fc.constant('budget'), name, there: maybe, percent: fc.nat(2) }),
  fc.record({
    do: fc.constant('peers'),
    there: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    version: fc.constantFrom(undefined, 'v1', 'v2'),
    mode: fc.constantFrom('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'),
    ofPort: maybe,
  }),
  fc.record({
    do: fc.constant('callers'),
    there: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    name: fc.constantFrom('', ...NAMES),
    tokens: maybe,
    action: fc.constantFrom('ALLOW', 'DENY'),
  }),
  fc.record({ do: fc.constant('fault'), there: maybe, name, status: fc.constantFrom(500, 503) }),
)

export type MeshStep = typeof meshStep extends fc.Arbitrary<infer A> ? A : never
