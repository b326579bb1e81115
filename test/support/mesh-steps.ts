import fc from 'fast-check'
import { backend, httpRoute, l4Route, retryBudget } from './gateway-routes.ts'
import {
  authorizationPolicy,
  circuitBreaker,
  destinationRule,
  faultInjection,
  loadBalancer,
  meshConfig,
  peerAuthentication,
  requestAuthentication,
  service,
  serviceEntry,
  sidecar,
  type TestModel,
  type TestResource,
  virtualService,
  workloadEntry,
  workloadGroup,
} from './test-model.ts'

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

const CORS_POLICY = { allowOrigins: [{ exact: 'https://a.example' }] }

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
    kind: fc.constantFrom('HTTPRoute', 'TCPRoute', 'TLSRoute'),
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

type GatewayStep = Extract<MeshStep, { readonly do: 'gateway-route' }>

function gatewayRoute({ kind, namespace, name, to, port, cors }: GatewayStep): TestResource {
  const backendRefs = [backend(to, { namespace: 'default' }), backend(name, { namespace: 'default', port: 81 })]
  const hostnames = kind === 'TLSRoute' ? [`${name}.example`] : undefined
  if (kind !== 'HTTPRoute')
    return l4Route(`${namespace}/${kind}-${to}`, name, backendRefs, hostnames, { namespace: 'default' })
  const filters = cors ? [{ type: 'CORS', cors: { allowOrigins: ['*'] } }] : []
  const parent = { namespace: 'default', ...(port === undefined ? {} : { port }) }
  return httpRoute(`${namespace}/http-${to}`, name, [{ backendRefs, filters }], parent)
}

type PeersStep = Extract<MeshStep, { readonly do: 'peers' }>

function peers({ namespace, version: of, mode, ofPort }: PeersStep): TestResource {
  const selector = of === undefined ? {} : { selector: { matchLabels: { version: of } } }
  const modes = ofPort && of !== undefined ? { portLevelMtls: { 80: { mode } } } : { mtls: { mode } }
  return peerAuthentication(`peers-${of ?? 'all'}`, { ...selector, ...modes }, namespace)
}

type CallersStep = Extract<MeshStep, { readonly do: 'callers' }>

function callers({ namespace, name: app, tokens, action }: CallersStep): TestResource {
  const selector = app === '' ? {} : { selector: { matchLabels: { app } } }
  if (tokens) return requestAuthentication(`callers-${app}`, { ...selector, jwtRules: [{ issuer: action }] }, namespace)
  const rules = [{ from: [{ source: { principals: [`cluster.local/ns/default/sa/${action}`] } }] }]
  return authorizationPolicy(`callers-${app}`, { ...selector, action, rules }, namespace)
}

/** Does what a step says. */
export function changeMesh(model: TestModel, step: MeshStep): void {
  switch (step.do) {
    case 'register': {
      const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_000 + step.id, protocol: 'http' }]
      const labels = { version: step.version, app: step.name }
      const group = step.grouped ? { workload: 'machines' } : {}
      const { weight, identity } = step
      const tls = identity ? { tlsMode: 'istio' as const } : {}
      model.register({ [`w${step.id}`]: { service: step.name, ports, labels, weight, ...tls, ...group } })
      break
    }
    case 'group': {
      const { version: tier, locality, probed } = step
      const probe = probed ? { probe: { periodSeconds: 1, httpGet: { port: 80 } } } : {}
      const template = { labels: { tier }, locality, weight: 5, ports: { web: 80 } }
      const resource = workloadGroup('machines', { template, ...probe })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'peers':
    case 'callers': {
      const resource = step.do === 'peers' ? peers(step) : callers(step)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'unregister':
      model.unregister(`w${step.id}`)
      break
    case 'service': {
      const resource = service(step.name, {
        selector: { app: step.name },
        ports: [{ port: step.port, targetPort: 80 }],
      })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'rule': {
      const subsets = step.subsets.map((each) => ({ name: each, labels: { version: each } }))
      const resource = destinationRule(
        step.name,
        {
          host: step.wildcard ? '*.default.svc.cluster.local' : hostOf(step.name),
          subsets,
          ...(step.hashed ? { trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } } } : {}),
          exportTo: step.exportTo,
          ...(step.forLabel ? { workloadSelector: { matchLabels: { tier: 'front' } } } : {}),
        },
        step.namespace,
      )
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'balancer': {
      const { namespace, subset: of, fallback: subsetFallback, policy } = step
      const host = hostOf(step.name)
      const resource = loadBalancer(
        `${step.name}-${of}`,
        { host, policy, ...(of === '' ? {} : { subset: of }), ...(subsetFallback && { subsetFallback }) },
        namespace,
      )
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'breaker': {
      const resource = circuitBreaker(step.name, { host: step.name, fallback: { host: step.fallback } })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'entry': {
      const { host, namespace, exportTo, address, port, resolution } = step
      const selecting = step.selecting && (resolution === 'STATIC' || resolution === 'DNS')
      const named = resolution === 'STATIC' ? '10.0.0' : 'ext.example'
      const endpoints = selecting || resolution === 'NONE' ? {} : { endpoints: [{ address: `${named}.${step.id}` }] }
      const selector = selecting ? { workloadSelector: { labels: { app: 'a' } } } : {}
      const ports = [{ name: 'http', number: port, protocol: 'HTTP', targetPort: 80 }]
      const spec = {
        hosts: [host],
        addresses: [address],
        exportTo,
        ports,
        resolution,
        ...endpoints,
        ...selector,
      }
      const resource = serviceEntry(`e${step.id}`, spec, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'machine': {
      const labels = { app: step.name, version: step.version }
      const resource = workloadEntry(`m${step.id}`, { address: `10.1.0.${step.id}`, labels }, step.namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'sidecar': {
      const { namespace, hosts, forLabel, closed } = step
      const selector = forLabel ? { workloadSelector: { labels: { tier: 'front' } } } : {}
      const policy = closed ? { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } : {}
      const resource = sidecar(forLabel ? 'some' : 'all', { egress: [{ hosts }], ...selector, ...policy }, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'external': {
      const ports = step.port === undefined ? [] : [{ port: step.port }]
      const spec = { type: 'ExternalName', externalName: `${hostOf(step.to)}.`, ports }
      const resource = service(step.from, spec, step.namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'alias': {
      const { host, exportTo, namespace } = step
      const http = [{ route: [{ destination: { host: hostOf('a') } }] }]
      const resource = virtualService(host.replace('*', 'any'), { hosts: [host], exportTo, http }, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'mesh':
      model.put(
        meshConfig({
          defaultServiceExportTo: step.exportTo,
          trustDomain: step.trustDomain,
          enableAutoMtls: step.enableAutoMtls,
          outboundTrafficPolicy: { mode: step.closed ? 'REGISTRY_ONLY' : 'ALLOW_ANY' },
        }),
      )
      break
    case 'route': {
      const match = step.forLabel ? [{ sourceLabels: { tier: 'front' } }] : []
      const route = [
        { destination: { host: step.to, subset: step.subset }, weight: step.weight },
        { destination: { host: step.name }, weight: 100 - step.weight },
      ]
      const cors = step.cors ? { corsPolicy: CORS_POLICY } : {}
      const delegated = { match: [{ uri: { prefix: '/d' } }], delegate: { name: 'shared', namespace: 'other' } }
      const http = [...(step.delegates ? [delegated] : []), { match, route, ...cors }]
      const resource = virtualService(step.name, { hosts: [step.name], http })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'delegate': {
      const route = [{ destination: { host: hostOf(step.to) } }]
      const http = [{ route, ...(step.cors ? { corsPolicy: CORS_POLICY } : {}) }]
      const resource = virtualService('shared', { http, ...(step.hidden ? { exportTo: ['.'] } : {}) }, 'other')
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'gateway-route':
    case 'budget': {
      const resource = step.do === 'budget' ? retryBudget(step.name, step.percent) : gatewayRoute(step)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'fault': {
      const rules = [{ abort: { percentage: { value: 1 }, httpStatus: step.status } }]
      const resource = faultInjection('fault', { selector: { matchLabels: { app: step.name } }, rules })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    default:
  }
}
