import { virtualService } from './cases.ts'
import type { SecurityCase } from './security-cases.ts'

const SERVICES = `apiVersion: v1
kind: Service
metadata: { name: ratings }
spec: { ports: [{ name: grpc, port: 50051 }, { name: tcp-admin, port: 9 }] }
---
apiVersion: v1
kind: Service
metadata: { name: mixed }
spec: { ports: [{ name: grpc, port: 50051 }, { name: http, port: 80 }] }
---
`

const gatewayRoute = (
  kind: string,
  name: string,
  rule: string,
  parent = 'name: ratings',
  namespace = 'default',
): string =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec:\n  parentRefs:\n    - { group: "", kind: Service, ${parent} }\n  rules:\n    - ${rule}\n---\n`

const httpRoute = (rule: string, parent?: string): string => gatewayRoute('HTTPRoute', 'h', rule, parent)
const grpcRoute = (rule: string, parent?: string): string => gatewayRoute('GRPCRoute', 'g', rule, parent)
const BACKEND = 'backendRefs: [{ name: ratings, port: 50051 }]'

/** A route of a VirtualService in one line, the seventh after the services. */
const route = (text: string, host = 'ratings'): string =>
  SERVICES + virtualService('a', `  hosts: [${host}]\n  http:\n    - ${text}`)
const TO = 'route: [{ destination: { host: ratings } }]'

const destinationRule = (spec: string): string =>
  `${SERVICES}apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: d }\nspec:\n${spec}\n---\n`

const hashes = (name: string, value: string): string => `loadBalancer: { consistentHash: { ${name}: ${value} } }`

const WORKLOADS = [
  { namespace: 'default', labels: { app: 'ratings' }, ports: [{ port: 1, protocol: 'grpc' }] },
  {
    namespace: 'default',
    labels: { app: 'mixed' },
    ports: [
      { port: 1, protocol: 'grpc' },
      { port: 2, protocol: 'http' },
    ],
  },
]
const faultInjection = (app: string): string =>
  `apiVersion: mesh.weft.dev/v1\nkind: FaultInjection\nmetadata: { name: f }\nspec:\n  selector: { matchLabels: { app: ${app} } }\n  rules:\n    - abort: { percentage: { value: 1 }, httpStatus: 503 }\n---\n`

export const GRPC_CASES: readonly SecurityCase[] = [
  {
    name: 'routes of two kinds on one port, told of both',
    code: 'WEFT0308',
    yaml: SERVICES + httpRoute(`{ ${BACKEND} }`) + grpcRoute(`{ ${BACKEND} }`),
    expected: ['HTTPRoute/h spec.parentRefs[0]:16', 'GRPCRoute/g spec.parentRefs[0]:25'],
  },
  {
    name: 'routes of two kinds on two ports, or for the callers of two namespaces',
    code: 'WEFT0308',
    yaml:
      SERVICES +
      httpRoute(`{ ${BACKEND} }`, 'name: mixed, sectionName: http') +
      gatewayRoute('TCPRoute', 't', `{ ${BACKEND} }`, 'name: ratings, port: 9') +
      gatewayRoute('HTTPRoute', 'u', `{ ${BACKEND} }`, 'name: ratings, namespace: default', 'shop') +
      gatewayRoute('GRPCRoute', 'g', `{ ${BACKEND} }`, 'name: mixed, port: 50051') +
      grpcRoute(`{ ${BACKEND} }`),
    expected: [],
  },
  {
    name: 'a route of gRPC beside a VirtualService',
    code: 'WEFT0304',
    yaml: route(TO) + grpcRoute(`{ ${BACKEND} }`),
    expected: ['VirtualService/a spec.hosts[0]:15', 'GRPCRoute/g spec.parentRefs[0]:24'],
  },
  {
    name: 'a redirect',
    code: 'WEFT0601',
    yaml: route('redirect: { uri: /a }'),
    expected: ['VirtualService/a spec.http[0].redirect:17'],
  },
  {
    name: 'a fixed response on the port of gRPC alone, where the host has others',
    code: 'WEFT0601',
    yaml: route('{ match: [{ port: 50051 }], directResponse: { status: 404 } }', 'mixed'),
    expected: ['VirtualService/a spec.http[0].directResponse:17'],
  },
  {
    name: 'a fixed response where it may be meant for HTTP',
    code: 'WEFT0601',
    yaml: route('directResponse: { status: 404 }', 'mixed'),
    expected: [],
  },
  {
    name: 'a fixed response with a status of gRPC',
    code: 'WEFT0601',
    yaml: route('{ headers: { response: { set: { Grpc-Status: "5" } } }, directResponse: { status: 404 } }'),
    expected: [],
  },
  {
    name: 'a fixed response with a status of gRPC, whose header is meant',
    code: 'WEFT0608',
    yaml: route('{ headers: { response: { set: { Grpc-Status: "5" } } }, directResponse: { status: 404 } }'),
    expected: [],
  },
  {
    name: 'what a breaker answers',
    code: 'WEFT0601',
    yaml: ['ratings', 'mixed']
      .map(
        (host) =>
          `apiVersion: mesh.weft.dev/v1\nkind: CircuitBreaker\nmetadata: { name: ${host} }\nspec:\n  host: ${host}\n  fallback: { response: { status: 503 } }\n---\n`,
      )
      .reduce((all, each) => all + each, SERVICES),
    expected: ['CircuitBreaker/ratings spec.fallback.response:16'],
  },
  {
    name: 'a redirect of a rule and of a backend',
    code: 'WEFT0601',
    yaml:
      SERVICES +
      httpRoute('{ filters: [{ type: RequestRedirect, requestRedirect: {} }] }') +
      httpRoute(
        '{ backendRefs: [{ name: ratings, port: 1, filters: [{ type: RequestRedirect, requestRedirect: {} }] }] }',
        'name: mixed, port: 50051',
      ).replace('name: h,', 'name: i,'),
    expected: ['HTTPRoute/h spec.rules[0].filters[0]:18', 'HTTPRoute/i spec.rules[0].backendRefs[0].filters[0]:27'],
  },
  {
    name: 'a prefix and a pattern that are replaced',
    code: 'WEFT0602',
    yaml: route(
      `{ rewrite: { uri: /b }, ${TO} }\n    - { rewrite: { uriRegexRewrite: { match: a, rewrite: b } }, ${TO} }\n    - { rewrite: { authority: b }, ${TO} }`,
    ),
    expected: [
      'VirtualService/a spec.http[0].rewrite.uri:17',
      'VirtualService/a spec.http[1].rewrite.uriRegexRewrite:18',
    ],
  },
  {
    name: 'a path that an HTTPRoute replaces',
    code: 'WEFT0602',
    yaml:
      SERVICES +
      httpRoute(
        `{ filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /b } } }], ${BACKEND} }`,
      ),
    expected: ['HTTPRoute/h spec.rules[0].filters[0].urlRewrite.path:18'],
  },
  {
    name: 'a status of HTTP, not one of gRPC',
    code: 'WEFT0603',
    yaml: route(
      `{ fault: { abort: { percentage: { value: 1 }, httpStatus: 503 } }, ${TO} }\n    - { fault: { abort: { percentage: { value: 1 }, grpcStatus: UNAVAILABLE } }, ${TO} }`,
    ),
    expected: ['VirtualService/a spec.http[0].fault.abort.httpStatus:17'],
  },
  {
    name: 'a status of HTTP at workloads of gRPC',
    code: 'WEFT0603',
    yaml: faultInjection('ratings'),
    workloads: WORKLOADS,
    expected: ['FaultInjection/f spec.rules[0].abort.httpStatus:7'],
  },
  {
    name: 'a status of HTTP at workloads that serve HTTP as well',
    code: 'WEFT0603',
    yaml: faultInjection('mixed'),
    workloads: WORKLOADS,
    expected: [],
  },
  {
    name: 'a cookie, and a parameter for the port of gRPC',
    code: 'WEFT0604',
    yaml:
      destinationRule(`  host: ratings\n  trafficPolicy:\n    ${hashes('httpCookie', '{ name: a, ttl: 1s }')}`) +
      destinationRule(
        `  host: mixed\n  trafficPolicy:\n    ${hashes('httpCookie', '{ name: a, ttl: 1s }')}\n    portLevelSettings:\n      - { port: { number: 50051 }, ${hashes('httpQueryParameterName', 'q')} }`,
      )
        .slice(SERVICES.length)
        .replace('name: d', 'name: e'),
    expected: [
      'DestinationRule/d spec.trafficPolicy.loadBalancer.consistentHash.httpCookie:17',
      'DestinationRule/e spec.trafficPolicy.portLevelSettings[0].loadBalancer.consistentHash.httpQueryParameterName:27',
    ],
  },
  {
    name: 'a header',
    code: 'WEFT0604',
    yaml: destinationRule(`  host: ratings\n  trafficPolicy:\n    ${hashes('httpHeaderName', 'x')}`),
    expected: [],
  },
  {
    name: 'methods, queries and paths that no call has',
    code: 'WEFT0605',
    yaml: route(
      [
        `match: [{ method: { exact: GET } }, { method: { prefix: C } }, { queryParams: { q: { exact: a } } }, { uri: { exact: /a } }, { uri: { prefix: /a/b/c } }, { uri: { prefix: a } }]`,
        `      ${TO}`,
      ].join('\n'),
    ),
    expected: [
      'VirtualService/a spec.http[0].match[0].method:17',
      'VirtualService/a spec.http[0].match[1].method:17',
      'VirtualService/a spec.http[0].match[2].queryParams:17',
      'VirtualService/a spec.http[0].match[3].uri:17',
      'VirtualService/a spec.http[0].match[4].uri:17',
      'VirtualService/a spec.http[0].match[5].uri:17',
    ],
  },
  {
    name: 'what calls have',
    code: 'WEFT0605',
    yaml:
      route(
        `{ match: [{ method: { exact: POST } }, { method: { prefix: PO } }, { uri: { exact: /a.B/C } }, { uri: { prefix: / } }, { uri: { prefix: /a } }, { uri: { prefix: /a.B/ } }, { uri: { prefix: /a.B/C } }, { uri: { regex: .* } }], ${TO} }`,
      ) +
      httpRoute(`{ matches: [{ method: POST, path: { value: /a.B/C/ } }, { path: { value: /a.B } }, {}], ${BACKEND} }`),
    expected: [],
  },
  {
    name: 'what no call has, of an HTTPRoute',
    code: 'WEFT0605',
    yaml:
      SERVICES +
      httpRoute(
        `{ matches: [{ method: CONNECT }, { queryParams: [{ name: a, value: b }] }, { path: { type: Exact, value: /a } }, { path: { value: /a/b/c } }], ${BACKEND} }`,
      ),
    expected: [
      'HTTPRoute/h spec.rules[0].matches[0].method:18',
      'HTTPRoute/h spec.rules[0].matches[1].queryParams:18',
      'HTTPRoute/h spec.rules[0].matches[2].path:18',
      'HTTPRoute/h spec.rules[0].matches[3].path:18',
    ],
  },
  {
    name: 'retries by the status of HTTP alone',
    code: 'WEFT0606',
    yaml:
      route(
        [
          `{ retries: { attempts: 1, retryOn: "5xx,connect-failure" }, ${TO} }`,
          `{ retries: { attempts: 1, retryOn: "503" }, ${TO} }`,
          `{ retries: { attempts: 1, retryOn: "5xx,unavailable" }, ${TO} }`,
          `{ retries: { attempts: 1, retryOn: "connect-failure,refused-stream,reset" }, ${TO} }`,
          `{ retries: { attempts: 1 }, ${TO} }`,
        ].join('\n    - '),
      ) +
      httpRoute(`{ retry: { codes: [503] }, ${BACKEND} }`) +
      httpRoute(`{ retry: { attempts: 1 }, ${BACKEND} }`).replace('name: h,', 'name: i,'),
    expected: [
      'VirtualService/a spec.http[0].retries.retryOn:17',
      'VirtualService/a spec.http[1].retries.retryOn:18',
      'HTTPRoute/h spec.rules[0].retry.codes:30',
    ],
  },
  {
    name: 'mirrors of every sort',
    code: 'WEFT0607',
    yaml:
      route(`{ mirror: { host: ratings }, ${TO} }\n    - { mirrors: [{ destination: { host: ratings } }], ${TO} }`) +
      grpcRoute(
        `{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: ratings, port: 1 } } }], ${BACKEND} }`,
      ) +
      httpRoute(
        '{ backendRefs: [{ name: ratings, port: 1, filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: ratings, port: 1 } } }] }] }',
      ),
    expected: [
      'VirtualService/a spec.http[0].mirror:17',
      'VirtualService/a spec.http[1].mirrors:18',
      'GRPCRoute/g spec.rules[0].filters[0]:27',
      'HTTPRoute/h spec.rules[0].backendRefs[0].filters[0]:36',
    ],
  },
  {
    name: 'headers of gRPC itself, not those of calls',
    code: 'WEFT0608',
    yaml:
      route(
        `headers: { request: { set: { Content-Type: a, x: b }, remove: [te] }, response: { add: { grpc-status: "0" } } }\n      route: [{ destination: { host: ratings }, headers: { request: { remove: [grpc-timeout] } } }]`,
      ) +
      grpcRoute(
        `{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x, value: a }], remove: [te] } }, { type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: Grpc-Message, value: a }] } }], ${BACKEND} }`,
      ) +
      httpRoute(
        `{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [content-type] } }], ${BACKEND} }`,
      ),
    expected: [
      'VirtualService/a spec.http[0].headers.request.remove[0]:17',
      'VirtualService/a spec.http[0].headers.request.set[Content-Type]:17',
      'VirtualService/a spec.http[0].headers.response.add[grpc-status]:17',
      'VirtualService/a spec.http[0].route[0].headers.request.remove[0]:18',
      'GRPCRoute/g spec.rules[0].filters[0].requestHeaderModifier.remove[0]:27',
      'GRPCRoute/g spec.rules[0].filters[1].responseHeaderModifier.add[0].name:27',
      'HTTPRoute/h spec.rules[0].filters[0].requestHeaderModifier.remove[0]:36',
    ],
  },
  {
    name: 'ports and a backend without HTTP, and a port of HTTP',
    code: 'WEFT0609',
    yaml:
      SERVICES +
      grpcRoute('{ backendRefs: [{ name: ratings, port: 9 }] }', 'name: ratings, sectionName: tcp-admin') +
      grpcRoute(`{ ${BACKEND} }`, 'name: mixed, port: 80').replace('name: g,', 'name: i,'),
    expected: [
      'GRPCRoute/g spec.parentRefs[0]:16',
      'GRPCRoute/g spec.rules[0].backendRefs[0]:18',
      'GRPCRoute/i spec.parentRefs[0]:25',
    ],
  },
  {
    name: 'ports of gRPC, and services that nobody knows',
    code: 'WEFT0609',
    yaml:
      SERVICES +
      grpcRoute(`{ ${BACKEND} }`) +
      grpcRoute(`{ ${BACKEND} }`, 'name: mixed') +
      grpcRoute(`{ ${BACKEND} }`, 'name: unknown'),
    expected: [],
  },
]
