import { backend, grpcRoute, httpRoute, l4Route, retryBudget } from './gateway-routes.ts'
import { hostOf, type MeshStep } from './mesh-steps.ts'
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

type Step<K extends MeshStep['do']> = Extract<MeshStep, { readonly do: K }>

/** Steps that put a resource there, or take it away. */
type ResourceStep = Extract<MeshStep, { readonly there: boolean }>

const CORS_POLICY = { allowOrigins: [{ exact: 'https://a.example' }] }

/** What each of them is about. */
const RESOURCES: { readonly [K in ResourceStep['do']]: (step: Step<K>) => TestResource } = {
  group({ version: tier, locality, probed }) {
    const probe = probed ? { probe: { periodSeconds: 1, httpGet: { port: 80 } } } : {}
    const template = { labels: { tier }, locality, weight: 5, ports: { web: 80 } }
    return workloadGroup('machines', { template, ...probe })
  },
  peers({ namespace, version: of, mode, ofPort }) {
    const selector = of === undefined ? {} : { selector: { matchLabels: { version: of } } }
    const modes = ofPort && of !== undefined ? { portLevelMtls: { 80: { mode } } } : { mtls: { mode } }
    return peerAuthentication(`peers-${of ?? 'all'}`, { ...selector, ...modes }, namespace)
  },
  callers({ namespace, name: app, tokens, action }) {
    const selector = app === '' ? {} : { selector: { matchLabels: { app } } }
    if (tokens)
      return requestAuthentication(`callers-${app}`, { ...selector, jwtRules: [{ issuer: action }] }, namespace)
    const rules = [{ from: [{ source: { principals: [`cluster.local/ns/default/sa/${action}`] } }] }]
    return authorizationPolicy(`callers-${app}`, { ...selector, action, rules }, namespace)
  },
  service: ({ name: app, port }) => service(app, { selector: { app }, ports: [{ port, targetPort: 80 }] }),
  rule({ name, subsets, wildcard, hashed, namespace, exportTo, forLabel }) {
    const spec = {
      host: wildcard ? '*.default.svc.cluster.local' : hostOf(name),
      subsets: subsets.map((each) => ({ name: each, labels: { version: each } })),
      ...(hashed ? { trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } } } : {}),
      exportTo,
      ...(forLabel ? { workloadSelector: { matchLabels: { tier: 'front' } } } : {}),
    }
    return destinationRule(name, spec, namespace)
  },
  balancer({ name, namespace, subset, fallback: subsetFallback, policy }) {
    const of = subset === '' ? {} : { subset }
    const spec = { host: hostOf(name), policy, ...of, ...(subsetFallback && { subsetFallback }) }
    return loadBalancer(`${name}-${subset}`, spec, namespace)
  },
  breaker: ({ name, fallback }) => circuitBreaker(name, { host: name, fallback: { host: fallback } }),
  entry({ id, host, namespace, exportTo, address, port, resolution, selecting: selects }) {
    const selecting = selects && (resolution === 'STATIC' || resolution === 'DNS')
    const named = resolution === 'STATIC' ? '10.0.0' : 'ext.example'
    const endpoints = selecting || resolution === 'NONE' ? {} : { endpoints: [{ address: `${named}.${id}` }] }
    const selector = selecting ? { workloadSelector: { labels: { app: 'a' } } } : {}
    const ports = [{ name: 'http', number: port, protocol: 'HTTP', targetPort: 80 }]
    const spec = { hosts: [host], addresses: [address], exportTo, ports, resolution, ...endpoints, ...selector }
    return serviceEntry(`e${id}`, spec, namespace)
  },
  machine: ({ id, name: app, version, namespace }) =>
    workloadEntry(`m${id}`, { address: `10.1.0.${id}`, labels: { app, version } }, namespace),
  sidecar({ namespace, hosts, forLabel, closed }) {
    const selector = forLabel ? { workloadSelector: { labels: { tier: 'front' } } } : {}
    const policy = closed ? { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } : {}
    return sidecar(forLabel ? 'some' : 'all', { egress: [{ hosts }], ...selector, ...policy }, namespace)
  },
  external({ from, to, port, namespace }) {
    const ports = port === undefined ? [] : [{ port }]
    return service(from, { type: 'ExternalName', externalName: `${hostOf(to)}.`, ports }, namespace)
  },
  alias({ host, exportTo, namespace }) {
    const http = [{ route: [{ destination: { host: hostOf('a') } }] }]
    return virtualService(host.replace('*', 'any'), { hosts: [host], exportTo, http }, namespace)
  },
  route({ name, to, subset, weight, forLabel, delegates, cors }) {
    const match = forLabel ? [{ sourceLabels: { tier: 'front' } }] : []
    const route = [
      { destination: { host: to, subset }, weight },
      { destination: { host: name }, weight: 100 - weight },
    ]
    const delegated = { match: [{ uri: { prefix: '/d' } }], delegate: { name: 'shared', namespace: 'other' } }
    const own = { match, route, ...(cors ? { corsPolicy: CORS_POLICY } : {}) }
    return virtualService(name, { hosts: [name], http: [...(delegates ? [delegated] : []), own] })
  },
  delegate({ to, hidden, cors }) {
    const route = [{ destination: { host: hostOf(to) } }]
    const http = [{ route, ...(cors ? { corsPolicy: CORS_POLICY } : {}) }]
    return virtualService('shared', { http, ...(hidden ? { exportTo: ['.'] } : {}) }, 'other')
  },
  'gateway-route'({ kind, namespace, name, to, port, cors }) {
    const backendRefs = [backend(to, { namespace: 'default' }), backend(name, { namespace: 'default', port: 81 })]
    const hostnames = kind === 'TLSRoute' ? [`${name}.example`] : undefined
    if (kind === 'TCPRoute' || kind === 'TLSRoute')
      return l4Route(`${namespace}/${kind}-${to}`, name, backendRefs, hostnames, { namespace: 'default' })
    const filters = cors && kind === 'HTTPRoute' ? [{ type: 'CORS', cors: { allowOrigins: ['*'] } }] : []
    const parent = { namespace: 'default', ...(port === undefined ? {} : { port }) }
    const route = kind === 'HTTPRoute' ? httpRoute : grpcRoute
    return route(`${namespace}/${kind}-${to}`, name, [{ backendRefs, filters }], parent)
  },
  budget: ({ name, percent }) => retryBudget(name, percent),
  fault({ name: app, status }) {
    const rules = [{ abort: { percentage: { value: 1 }, httpStatus: status } }]
    return faultInjection('fault', { selector: { matchLabels: { app } }, rules })
  },
}

/** Does what a step says. */
export function changeMesh(model: TestModel, step: MeshStep): void {
  if (step.do === 'register') register(model, step)
  else if (step.do === 'unregister') model.unregister(`w${step.id}`)
  else if (step.do === 'mesh') model.put(settings(step))
  else {
    const resource = (RESOURCES[step.do] as (of: ResourceStep) => TestResource)(step)
    if (step.there) model.put(resource)
    else model.remove(resource)
  }
}

function register(model: TestModel, { id, name, version, weight, grouped, identity }: Step<'register'>): void {
  const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_000 + id, protocol: 'http' }]
  const labels = { version, app: name }
  const group = grouped ? { workload: 'machines' } : {}
  const tls = identity ? { tlsMode: 'istio' as const } : {}
  model.register({ [`w${id}`]: { service: name, ports, labels, weight, ...tls, ...group } })
}

function settings({ exportTo, trustDomain, enableAutoMtls, closed }: Step<'mesh'>): TestResource {
  return meshConfig({
    defaultServiceExportTo: exportTo,
    trustDomain,
    enableAutoMtls,
    outboundTrafficPolicy: { mode: closed ? 'REGISTRY_ONLY' : 'ALLOW_ANY' },
  })
}
