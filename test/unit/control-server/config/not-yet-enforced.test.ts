import { describe, expect, test } from 'vitest'
import { danglingReferences } from '../../../../packages/control-server/src/config/references.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { bareRoute, httpRoute, policy, resource, warningsOf } from './resources.ts'

const PROXY = "only has an effect in a cluster's proxy"

describe('what is accepted and not yet enforced is told', () => {
  test.each([
    ['VirtualService', httpRoute({ fault: { abort: { httpStatus: 500 } } }), []],
    ['DestinationRule', policy({ retryBudget: { percent: 10 } }), []],
    ['VirtualService', bareRoute({ redirect: { uri: '/' } }), []],
    [
      'VirtualService',
      httpRoute({ match: [{}, { statPrefix: 'a', uri: { exact: '/' } }] }),
      [`spec.http[0].match[1].statPrefix: ${PROXY}`],
    ],
    [
      'VirtualService',
      { ...httpRoute({}), gateways: ['gw'] },
      [`spec.gateways: ${PROXY}: without mesh among them nothing of this resource has an effect`],
    ],
    [
      'VirtualService',
      { ...httpRoute({}), gateways: ['mesh', 'gw'] },
      [`spec.gateways: ${PROXY}: only mesh has an effect`],
    ],
    ['VirtualService', { ...httpRoute({}), hosts: undefined }, []],
    [
      'VirtualService',
      httpRoute({ headers: { request: { set: { x: '%REQ(y)%', z: '%START_TIME%' } } } }),
      [`spec.http[0].headers.request.set[z]: ${PROXY}: %START_TIME% stands for nothing`],
    ],
    ['DestinationRule', policy({ loadBalancer: { consistentHash: { useSourceIp: true } } }), []],
    [
      'WorkloadEntry',
      { address: 'unix:///run/a' },
      [`spec.address: ${PROXY}: the socket is one of another machine, so that this is no endpoint`],
    ],
    ['WorkloadEntry', { address: '10.0.0.1', labels: { app: 'a' }, weight: 2 }, []],
    ['Service', { type: 'ExternalName', externalName: 'db.example.com' }, []],
    ['DestinationRule', policy({ loadBalancer: { simple: 'PASSTHROUGH' } }), []],
    ['DestinationRule', policy({ loadBalancer: { backendUtilization: { weightUpdatePeriod: '1s' } } }), []],
    ['DestinationRule', policy({ tls: { mode: 'ISTIO_MUTUAL' } }), []],
    [
      'DestinationRule',
      {
        host: 'a',
        subsets: [
          {
            name: 'v1',
            trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'ISTIO_MUTUAL' } }] },
          },
        ],
      },
      [],
    ],
    [
      'Service',
      { ports: [{ port: 53, protocol: 'UDP' }] },
      [`spec.ports[0].protocol: ${PROXY}: the port is not served`],
    ],
    [
      'VirtualService',
      httpRoute({ match: [{ gateways: ['gw'] }] }),
      [`spec.http[0].match[0].gateways: ${PROXY}: without mesh among them the match has no effect`],
    ],
    [
      'AuthorizationPolicy',
      { targetRefs: [{ kind: 'Service', name: 'a' }] },
      [`spec.targetRefs: ${PROXY}: what is attached to a gateway or a service is for no workload`],
    ],
    ['AuthorizationPolicy', { selector: { matchLabels: { app: 'a' } }, targetRefs: [] }, []],
    ['DestinationRule', policy({ proxyProtocol: {} }), [`spec.trafficPolicy.proxyProtocol: ${PROXY}`]],
  ])('%s %j', (kind, spec, expected) => {
    expect(warningsOf(kind, spec)).toEqual(expected)
  })

  test.each([
    [
      'VirtualService',
      {
        hosts: ['a'],
        gateways: ['mesh'],
        exportTo: ['.'],
        http: [
          {
            name: 'r',
            match: [
              {
                name: 'm',
                uri: { prefix: '/A' },
                ignoreUriCase: true,
                method: { exact: 'GET' },
                scheme: { exact: 'http' },
                authority: { prefix: 'a' },
                headers: { x: {} },
                withoutHeaders: { y: {} },
                queryParams: { q: { exact: '' } },
                port: 80,
                sourceLabels: { a: 'b' },
                sourceNamespace: 'n',
                gateways: ['mesh'],
              },
            ],
            route: [
              {
                destination: { host: 'a', subset: 'v1', port: { number: 80 } },
                weight: 1,
                headers: { response: { remove: ['x'] } },
              },
            ],
            headers: { request: { set: { x: 'y' } } },
            timeout: '1s',
            retries: {
              attempts: 1,
              perTryTimeout: '1s',
              retryOn: '5xx',
              backoff: '1s',
              retryIgnorePreviousHosts: true,
            },
          },
        ],
      },
    ],
    [
      'DestinationRule',
      {
        host: 'a',
        exportTo: ['*'],
        trafficPolicy: {
          loadBalancer: { simple: 'ROUND_ROBIN' },
          connectionPool: {
            tcp: { maxConnections: 1, connectTimeout: '1s', idleTimeout: '1s' },
            http: {
              http1MaxPendingRequests: 1,
              http2MaxRequests: 1,
              maxRequestsPerConnection: 1,
              maxRetries: 1,
              idleTimeout: '1s',
            },
          },
          outlierDetection: {
            consecutive5xxErrors: 1,
            consecutiveGatewayErrors: 1,
            consecutiveLocalOriginFailures: 1,
            splitExternalLocalOriginErrors: true,
            interval: '1s',
            baseEjectionTime: '1s',
            maxEjectionPercent: 1,
            outlierDetectionHttpErrorCodes: [500],
          },
          tls: { mode: 'DISABLE' },
        },
        subsets: [{ name: 'v1', labels: { version: 'v1' } }],
      },
    ],
    ['CircuitBreaker', { host: 'a', fallback: { response: { status: 503 } } }],
  ])('%s: what is enforced is not', (kind, spec) => {
    expect(validateResource(resource(kind, spec))).toMatchObject({ violations: [], warnings: [] })
  })
})

describe('what is deprecated is told with what to write instead', () => {
  test.each([
    [
      'VirtualService',
      httpRoute({ corsPolicy: { allowOrigin: ['a'] } }),
      'spec.http[0].corsPolicy.allowOrigin: deprecated: use allowOrigins with exact',
    ],
    [
      'VirtualService',
      httpRoute({ fault: { delay: { percent: 5 } } }),
      'spec.http[0].fault.delay.percent: deprecated: use percentage',
    ],
    [
      'VirtualService',
      httpRoute({ mirror: { host: 'a' }, mirrorPercent: 5 }),
      'spec.http[0].mirrorPercent: deprecated; use mirrorPercentage',
    ],
    [
      'DestinationRule',
      policy({ loadBalancer: { simple: 'LEAST_CONN' } }),
      'spec.trafficPolicy.loadBalancer.simple: deprecated: use LEAST_REQUEST',
    ],
    [
      'DestinationRule',
      policy({ loadBalancer: { warmupDurationSecs: '5s' } }),
      'spec.trafficPolicy.loadBalancer.warmupDurationSecs: deprecated: use warmup.duration',
    ],
    [
      'DestinationRule',
      policy({ outlierDetection: { consecutiveErrors: 5 } }),
      'spec.trafficPolicy.outlierDetection.consecutiveErrors: deprecated and ignored; use consecutive5xxErrors or consecutiveGatewayErrors',
    ],
  ])('%s %j', (kind, spec, expected) => {
    const { notes, warnings } = validateResource(resource(kind, spec))
    expect(warnings).toContain(expected)
    expect(notes.filter(({ sort }) => sort === 'deprecated')).toHaveLength(1)
  })
})

describe('references that lead nowhere yet', () => {
  const known = {
    hasHost: (host: string) => host === 'a.default.svc.cluster.local',
    hasSubset: (_: string, subset: string) => subset === 'v1',
    hasRule: () => false,
    hasDelegate: (namespace: string, name: string) => `${namespace}/${name}` === 'team/there',
  }
  const dangling = (kind: string, spec: object): string[] => {
    const { resource: valid } = validateResource(resource(kind, spec))
    if (valid === undefined) throw new Error('is not valid')
    return danglingReferences(valid, known)
  }

  test.each([
    [
      'VirtualService',
      httpRoute({
        route: [{ destination: { host: 'a', subset: 'v1' }, weight: 1 }, { destination: { host: 'a.default' } }],
      }),
      [],
    ],
    [
      'VirtualService',
      httpRoute({ route: [{ destination: { host: 'b' } }] }),
      ['spec.http[0].route[0].destination.host: no service b.default.svc.cluster.local is known yet'],
    ],
    [
      'VirtualService',
      httpRoute({ route: [{ destination: { host: 'a', subset: 'v2' } }], mirrors: [{ destination: { host: 'c' } }] }),
      [
        'spec.http[0].route[0].destination.subset: no DestinationRule gives a.default.svc.cluster.local a subset "v2" yet',
        'spec.http[0].mirrors[0].destination.host: no service c.default.svc.cluster.local is known yet',
      ],
    ],
    [
      'VirtualService',
      { hosts: ['a', 'shop.example.com', '*.example.org'], http: [{ route: [{ destination: { host: 'a' } }] }] },
      ['spec.hosts[1]: no service shop.example.com is known yet'],
    ],
    [
      'VirtualService',
      {
        hosts: ['a'],
        http: [{ delegate: { name: 'there', namespace: 'team' } }, { delegate: { name: 'there' } }],
      },
      ['spec.http[1].delegate: no VirtualService default/there without hosts is known yet: the route is passed over'],
    ],
    ['DestinationRule', { host: 'b' }, ['spec.host: no service b.default.svc.cluster.local is known yet']],
    ['DestinationRule', { host: '*.b.com' }, []],
    [
      'LoadBalancer',
      { host: 'a', subset: 'v2' },
      ['spec.subset: no DestinationRule gives a.default.svc.cluster.local a subset "v2" yet'],
    ],
    [
      'XBackendTrafficPolicy',
      { targetRefs: ['a', 'b'].map((name) => ({ group: '', kind: 'Service', name })) },
      ['spec.targetRefs[1]: no service b.default.svc.cluster.local is known yet'],
    ],
    [
      'CircuitBreaker',
      { host: 'a', subset: 'v1', fallback: { host: 'a', subset: 'v9' } },
      ['spec.fallback.subset: no DestinationRule gives a.default.svc.cluster.local a subset "v9" yet'],
    ],
  ])('%s %j', (kind, spec, expected) => {
    expect(dangling(kind, spec)).toEqual(expected)
  })
})
