import { describe, expect, test } from 'vitest'
import { bareRoute, fieldsOf, httpRoute, violationsOf, warningsOf } from './resources.ts'

/*
 * Rules of Istio's webhook. Each row is one rule: a spec and the fields that are refused in it, none where it is valid.
 */

type Case = readonly [name: string, spec: object, fields: readonly string[]]

const TO_A = [{ destination: { host: 'a' } }]
const ROUTE = { route: TO_A }
const at = (path: string): string[] => [`spec.http[0].${path}`]

const HOSTS: readonly Case[] = [
  ['a host of several labels, one absolute', { hosts: ['a.b.com', 'x.com.'], http: [ROUTE] }, []],
  ['an address', { hosts: ['10.1.2.3'], http: [ROUTE] }, []],
  ['an IPv6 address', { hosts: ['2001:db8::1'], http: [ROUTE] }, []],
  ['half an address', { hosts: ['10.1.2'], http: [ROUTE] }, ['spec.hosts[0]']],
  ['a label with an underscore', { hosts: ['a_b.com'], http: [ROUTE] }, ['spec.hosts[0]']],
  ['* alone in the mesh', { hosts: ['*'], http: [ROUTE] }, ['spec.hosts[0]']],
  ['* alone on a gateway', { hosts: ['*'], gateways: ['gw'], http: [ROUTE] }, []],
  [
    '* alone on a gateway and in the mesh',
    { hosts: ['*'], gateways: ['gw', 'mesh'], http: [ROUTE] },
    ['spec.hosts[0]'],
  ],
  ['a host twice', { hosts: ['a', 'b', 'a'], http: [ROUTE] }, ['spec.hosts[2]']],
  ['a wildcard over a later host', { hosts: ['*.b.com', 'a.b.com'], http: [ROUTE] }, ['spec.hosts[1]']],
  ['a wildcard over an earlier host', { hosts: ['a.b.com', '*.b.com'], http: [ROUTE] }, ['spec.hosts[1]']],
  ['a wildcard over a wildcard', { hosts: ['*.b.com', '*.com'], http: [ROUTE] }, ['spec.hosts[1]']],
  ['a wildcard beside its own domain', { hosts: ['*.b.com', 'b.com'], http: [ROUTE] }, []],
  ['no routes', { hosts: ['a'] }, ['spec']],
  [
    'a delegate with gateways and tcp',
    { gateways: ['gw'], http: [ROUTE], tcp: [ROUTE] },
    ['spec.gateways', 'spec.tcp'],
  ],
]

const ACTIONS: readonly Case[] = [
  ['none', bareRoute({}), ['spec.http[0]']],
  ['route and directResponse', httpRoute({ directResponse: { status: 200 } }), at('route')],
  [
    'redirect and directResponse',
    bareRoute({ redirect: { uri: '/' }, directResponse: { status: 200 } }),
    at('directResponse'),
  ],
  ['fault beside redirect', bareRoute({ redirect: { uri: '/' }, fault: { abort: { httpStatus: 500 } } }), at('fault')],
  [
    'rewrite beside directResponse',
    bareRoute({ directResponse: { status: 200 }, rewrite: { uri: '/' } }),
    at('rewrite'),
  ],
  ['delegate alone', bareRoute({ delegate: { name: 'b' } }), []],
  ['delegate beside route', httpRoute({ delegate: { name: 'b' } }), at('route')],
  ['delegate in a delegate', { http: [{ ...ROUTE, delegate: { name: 'b' } }] }, at('delegate')],
]

const MATCHES: readonly Case[] = [
  ['an empty prefix of a path', httpRoute({ match: [{ uri: { prefix: '' } }] }), []],
  ['an empty prefix of a method', httpRoute({ match: [{ method: { prefix: '' } }] }), at('match[0].method.prefix')],
  ['an empty exact value', httpRoute({ match: [{ queryParams: { a: { exact: '' } } }] }), []],
  [
    'a parameter without a name',
    httpRoute({ match: [{ queryParams: { '': { exact: 'a' } } }] }),
    ['spec.http[0].match[0].queryParams[]'],
  ],
  ['presence', httpRoute({ match: [{ headers: { a: {} } }] }), []],
  ['exact and prefix', httpRoute({ match: [{ uri: { exact: '/a', prefix: '/' } }] }), at('match[0].uri.prefix')],
  ['a pseudo header', httpRoute({ match: [{ headers: { ':path': { prefix: '/' } } }] }), []],
  [
    'another name with a colon',
    httpRoute({ match: [{ headers: { ':host': { exact: 'a' } } }] }),
    at('match[0].headers[:host]'),
  ],
  ['* without a header', httpRoute({ match: [{ withoutHeaders: { a: { regex: '*' } } }] }), []],
  ['* with a header', httpRoute({ match: [{ headers: { a: { regex: '*' } } }] }), at('match[0].headers[a].regex')],
  [
    'a claim in the mesh',
    httpRoute({ match: [{ withoutHeaders: { '@request.auth.claims[a][b]': {} } }] }),
    at('match[0].withoutHeaders[@request.auth.claims[a][b]]'),
  ],
  [
    'a claim on a gateway',
    { hosts: ['a'], gateways: ['gw'], http: [{ ...ROUTE, match: [{ headers: { '@request.auth.claims.a': {} } }] }] },
    [],
  ],
  ['port 0 is none', httpRoute({ match: [{ port: 0 }] }), []],
  ['a port above all', httpRoute({ match: [{ port: 65536 }] }), at('match[0].port')],
  ['a label value', httpRoute({ match: [{ sourceLabels: { a: 'b c' } }] }), at('match[0].sourceLabels[a]')],
  ['a label key with a prefix', httpRoute({ match: [{ sourceLabels: { 'a.io/b': '' } }] }), []],
  ['a namespace', httpRoute({ match: [{ sourceNamespace: 'a.b' }] }), at('match[0].sourceNamespace')],
  ['a gateway', httpRoute({ match: [{ gateways: ['ns/a.b'] }] }), at('match[0].gateways[0]')],
]

const DESTINATIONS: readonly Case[] = [
  ['*', httpRoute({ route: [{ destination: { host: '*' } }] }), at('route[0].destination.host')],
  ['an address', httpRoute({ route: [{ destination: { host: '10.0.0.1' } }] }), at('route[0].destination.host')],
  [
    'a subset',
    httpRoute({ route: [{ destination: { host: 'a', subset: 'v.1' } }] }),
    at('route[0].destination.subset'),
  ],
  [
    'a port of 0',
    httpRoute({ route: [{ destination: { host: 'a', port: { number: 0 } } }] }),
    at('route[0].destination.port.number'),
  ],
  ['a negative weight', httpRoute({ route: [{ ...TO_A[0], weight: -1 }] }), at('route[0].weight')],
  ['one of weight 0', httpRoute({ route: [{ ...TO_A[0], weight: 0 }] }), []],
  ['all weights 0', httpRoute({ route: [{ ...TO_A[0], weight: 0 }, { destination: { host: 'b' } }] }), at('route')],
  [
    'weights of any sum',
    httpRoute({
      route: [
        { ...TO_A[0], weight: 7 },
        { destination: { host: 'b' }, weight: 500 },
      ],
    }),
    [],
  ],
  ['both mirror forms', httpRoute({ mirror: { host: 'b' }, mirrors: [{ destination: { host: 'b' } }] }), at('mirrors')],
  [
    'a share above 100',
    httpRoute({ mirrors: [{ destination: { host: 'b' }, percentage: { value: 100.5 } }] }),
    at('mirrors[0].percentage.value'),
  ],
]

const HEADERS: readonly Case[] = [
  ['a name that is none', httpRoute({ headers: { request: { set: { 'x a': 'b' } } } }), at('headers.request.set[x a]')],
  [
    'what the HTTP client writes itself',
    httpRoute({ headers: { request: { add: { 'Content-Length': '1' } } } }),
    at('headers.request.add[Content-Length]'),
  ],
  ['the same of a response', httpRoute({ headers: { response: { set: { connection: 'close' } } } }), []],
  ['the authority of a request, once', httpRoute({ headers: { request: { set: { Host: 'b' } } } }), []],
  [
    'the authority twice',
    httpRoute({ headers: { request: { set: { host: 'b' }, add: { ':authority': 'c' } } } }),
    at('headers.request.add[:authority]'),
  ],
  [
    'the authority beside a rewrite',
    httpRoute({ rewrite: { authority: 'b' }, headers: { request: { set: { host: 'c' } } } }),
    at('headers.request.set[host]'),
  ],
  [
    'the authority of a response',
    httpRoute({ headers: { response: { set: { host: 'b' } } } }),
    at('headers.response.set[host]'),
  ],
  [
    'removing the authority',
    httpRoute({ headers: { request: { remove: ['Host'] } } }),
    at('headers.request.remove[0]'),
  ],
  [
    'another pseudo header',
    httpRoute({ headers: { request: { add: { ':path': '/' } } } }),
    at('headers.request.add[:path]'),
  ],
  [
    'a line break in a value',
    httpRoute({ headers: { request: { add: { a: 'b\nc' } } } }),
    at('headers.request.add[a]'),
  ],
  [
    'at a destination',
    httpRoute({ route: [{ ...TO_A[0], headers: { response: { add: { a: '%' } } } }] }),
    at('route[0].headers.response.add[a]'),
  ],
]

const RETRIES: readonly Case[] = [
  ['off', httpRoute({ retries: { attempts: 0 } }), []],
  ['off, but configured', httpRoute({ retries: { retryOn: '5xx' } }), at('retries.attempts')],
  ['negative', httpRoute({ retries: { attempts: -1 } }), at('retries.attempts')],
  [
    'conditions and codes',
    httpRoute({ retries: { attempts: 1, retryOn: '5xx,gateway-error,503,418,retriable-4xx' } }),
    [],
  ],
  ['a code nobody has defined', httpRoute({ retries: { attempts: 1, retryOn: '306' } }), at('retries.retryOn')],
  ['spaces', httpRoute({ retries: { attempts: 1, retryOn: '5xx, reset' } }), at('retries.retryOn')],
  ['a back-off below a millisecond', httpRoute({ retries: { attempts: 1, backoff: '10us' } }), at('retries.backoff')],
  ['a timeout that is no duration', httpRoute({ timeout: 'banana' }), at('timeout')],
  ['a timeout of 0', httpRoute({ timeout: '0s' }), at('timeout')],
]

const ANSWERS: readonly Case[] = [
  ['a redirect to nowhere', bareRoute({ redirect: { redirectCode: 301 } }), at('redirect')],
  ['a redirect to port 0', bareRoute({ redirect: { port: 0 } }), []],
  [
    'a redirect with two ports',
    bareRoute({ redirect: { port: 80, derivePort: 'FROM_REQUEST_PORT' } }),
    at('redirect.derivePort'),
  ],
  ['a redirect with a 2xx', bareRoute({ redirect: { uri: '/', redirectCode: 200 } }), at('redirect.redirectCode')],
  ['a redirect to ftp', bareRoute({ redirect: { scheme: 'ftp' } }), at('redirect.scheme')],
  [
    'a body of two forms',
    bareRoute({ directResponse: { status: 200, body: { string: 'a', bytes: 'YQ==' } } }),
    at('directResponse.body.bytes'),
  ],
  [
    'a body that is not base64',
    bareRoute({ directResponse: { status: 200, body: { bytes: 'a b' } } }),
    at('directResponse.body.bytes'),
  ],
  [
    'a body of more than 1 MiB',
    bareRoute({ directResponse: { status: 200, body: { string: 'x'.repeat(2 ** 20 + 1) } } }),
    at('directResponse.body'),
  ],
  [
    'an abort and a delay',
    httpRoute({ fault: { abort: { grpcStatus: 'UNAVAILABLE' }, delay: { fixedDelay: '1s' } } }),
    [],
  ],
  ['a fault without either', httpRoute({ fault: {} }), at('fault')],
  ['a gRPC status by number', httpRoute({ fault: { abort: { grpcStatus: '14' } } }), at('fault.abort.grpcStatus')],
  ['an HTTP/2 error', httpRoute({ fault: { abort: { http2Error: 'x' } } }), at('fault.abort.http2Error')],
  [
    'an exponential delay',
    httpRoute({ fault: { delay: { exponentialDelay: '1s' } } }),
    at('fault.delay.exponentialDelay'),
  ],
  [
    'a share too small to express',
    httpRoute({ fault: { abort: { httpStatus: 500, percentage: { value: 0.00001 } } } }),
    at('fault.abort.percentage.value'),
  ],
  [
    'CORS',
    httpRoute({
      corsPolicy: { allowOrigins: [{ regex: 'https://.*' }], allowMethods: ['*'], allowHeaders: ['*'], maxAge: '24h' },
    }),
    [],
  ],
  ['an origin that says nothing', httpRoute({ corsPolicy: { allowOrigins: [{}] } }), at('corsPolicy.allowOrigins[0]')],
  ['a method nobody knows', httpRoute({ corsPolicy: { allowMethods: ['FETCH'] } }), at('corsPolicy.allowMethods[0]')],
  ['half a second', httpRoute({ corsPolicy: { maxAge: '500ms' } }), at('corsPolicy.maxAge')],
]

const L4: readonly Case[] = [
  [
    'tls with a host of the resource',
    { hosts: ['*.b.com'], tls: [{ match: [{ sniHosts: ['a.b.com'] }], ...ROUTE }] },
    [],
  ],
  [
    'tls with another host',
    { hosts: ['b.com'], tls: [{ match: [{ sniHosts: ['c.com'] }], ...ROUTE }] },
    ['spec.tls[0].match[0].sniHosts[0]'],
  ],
  ['tls without a match', { hosts: ['a'], tls: [{ match: [], ...ROUTE }] }, ['spec.tls[0].match']],
  ['tcp without a destination', { hosts: ['a'], tcp: [{}] }, ['spec.tcp[0].route']],
  [
    'subnets',
    {
      hosts: ['a'],
      tcp: [{ match: [{ destinationSubnets: ['10.0.0.0/8', '::1', '2001:db8::/32', '1.2.3.4'] }], ...ROUTE }],
    },
    [],
  ],
  [
    'a subnet too long',
    { hosts: ['a'], tcp: [{ match: [{ destinationSubnets: ['10.0.0.0/33'] }], ...ROUTE }] },
    ['spec.tcp[0].match[0].destinationSubnets[0]'],
  ],
]

const EXPORT_TO: readonly Case[] = [
  ['own namespace', { ...httpRoute({}), exportTo: ['.'] }, []],
  ['own namespace in both forms', { ...httpRoute({}), exportTo: ['.', 'default'] }, ['spec.exportTo[1]']],
  ['several namespaces', { ...httpRoute({}), exportTo: ['a', 'b'] }, []],
  ['none', { ...httpRoute({}), exportTo: ['~'] }, ['spec.exportTo[0]']],
]

describe.each([
  ['hosts', HOSTS],
  ['actions', ACTIONS],
  ['matches', MATCHES],
  ['destinations', DESTINATIONS],
  ['headers', HEADERS],
  ['retries and timeouts', RETRIES],
  ['redirects, answers, faults, CORS', ANSWERS],
  ['tls and tcp', L4],
  ['exportTo', EXPORT_TO],
])('%s', (_, cases) => {
  test.each(cases)('%s', (_name, spec, fields) => {
    expect(fieldsOf('VirtualService', spec)).toEqual(fields)
  })
})

describe('what a refusal says', () => {
  test('a look-ahead: that RE2 has none, and what to do instead', () => {
    expect(violationsOf('VirtualService', httpRoute({ match: [{ uri: { regex: '^/(?!admin)' } }] }))).toEqual([
      expect.stringMatching(
        /^spec\.http\[0\]\.match\[0\]\.uri\.regex: is not an RE2 regex: .*no look-ahead.*withoutHeaders or a route before/,
      ),
    ])
  })

  test('a condition to retry on: which there are', () => {
    expect(violationsOf('VirtualService', httpRoute({ retries: { attempts: 1, retryOn: 'timeout' } }))).toEqual([
      expect.stringMatching(/"timeout" is no condition to retry on: a status code, or 5xx, gateway-error, /),
    ])
  })
})

describe('warnings', () => {
  const prefix = (value: string, more: object = {}): object => ({
    match: [{ uri: { prefix: value }, ...more }],
    ...ROUTE,
  })
  const routes = (...http: object[]): object => ({ hosts: ['a'], http })

  test.each([
    [
      'a route after a catch-all',
      routes({ name: 'all', ...ROUTE }, prefix('/a')),
      ['spec.http[1]: never used: route "all" before it takes everything'],
    ],
    [
      'a match that was there before, whatever it is called',
      routes(prefix('/a', { name: 'one' }), prefix('/a', { name: 'two' })),
      [
        'spec.http[1].match[0]: never used: route 0 has the same match',
        'spec.http[1]: never used: routes before it have all of its matches',
      ],
    ],
    [
      'a prefix under a shorter one',
      routes(prefix('/a'), prefix('/a/b')),
      ['spec.http[1].match[0]: never used: the prefix /a of route 0 covers /a/b'],
    ],
    [
      'a prefix under a shorter one with other conditions',
      routes(prefix('/a', { headers: { x: { exact: 'y' } } }), prefix('/a/b')),
      [],
    ],
    ['a prefix before a shorter one', routes(prefix('/a/b'), prefix('/a')), []],
    [
      'a deprecated field',
      httpRoute({ mirror: { host: 'b' }, mirrorPercent: 5 }),
      ['spec.http[0].mirrorPercent: deprecated; use mirrorPercentage'],
    ],
    [
      'a deprecated gateway name',
      { ...httpRoute({}), gateways: ['gw.ns.svc.cluster.local'] },
      ['spec.gateways[0]: deprecated form of a gateway name; write ns/gw'],
    ],
    [
      'an abort of nothing',
      httpRoute({ fault: { abort: {} } }),
      ['spec.http[0].fault.abort: aborts nothing without an httpStatus or grpcStatus'],
    ],
    [
      'statuses that no answer can have',
      routes(
        {
          ...prefix('/a'),
          fault: { abort: { percentage: { value: 1 }, httpStatus: 600 } },
        },
        { directResponse: { status: 600 } },
      ),
      [
        expect.stringMatching(/^spec.http\[0\].fault.abort.httpStatus: has no effect/),
        expect.stringMatching(/^spec.http\[1\].directResponse.status: has no effect/),
      ],
    ],
    [
      'a redirect that is none',
      bareRoute({ redirect: { uri: '/a', redirectCode: 305 } }),
      ['spec.http[0].redirect.redirectCode: nobody is redirected: write one of 301, 302, 303, 307, 308'],
    ],
    ['a redirect of another code', bareRoute({ redirect: { uri: '/a', redirectCode: 303 } }), []],
  ])('%s', (_, spec, expected) => {
    expect(
      warningsOf('VirtualService', spec).filter(
        (text) => !text.includes('not yet enforced') && !text.includes("cluster's proxy"),
      ),
    ).toEqual(expected)
  })
})
