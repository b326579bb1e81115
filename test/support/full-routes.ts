type Spec = Readonly<Record<string, unknown>>

const destination = (host: string, subset = ''): object => ({
  host,
  port: { number: 80 },
  ...(subset === '' ? {} : { subset }),
})

const TWO_BACKENDS = [
  {
    name: 'a',
    port: 80,
    weight: 1,
    filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'a', value: 'b' }] } }],
  },
  { name: 'b', port: 80, weight: 2 },
]

const SERVICE_A = [{ group: '', kind: 'Service', name: 'a', port: 80 }]

/** Specs that together use every field of the kinds that say what is routed, about the services `a` and `b`. */
export const FULL_ROUTES: readonly (readonly [kind: string, spec: Spec])[] = [
  [
    'VirtualService',
    {
      hosts: ['a', '*.x.com'],
      gateways: ['mesh'],
      exportTo: ['*'],
      http: [
        {
          name: 'n',
          match: [
            {
              name: 'm',
              uri: { prefix: '/p' },
              ignoreUriCase: true,
              scheme: { exact: 'http' },
              method: { regex: 'G.*' },
              authority: { prefix: 'a' },
              headers: { x: { exact: '1' }, y: { regex: '.*' }, '@request.baggage.k': { exact: 'v' } },
              withoutHeaders: { z: {} },
              queryParams: { q: { exact: '1' } },
              port: 80,
              sourceLabels: { tier: 'front' },
              sourceNamespace: 'default',
              gateways: ['mesh'],
              statPrefix: 's',
            },
          ],
          route: [
            {
              destination: destination('a', 'v1'),
              weight: 40,
              headers: {
                request: { set: { a: '%REQ(x)%' }, add: { b: '2' }, remove: ['c'] },
                response: { set: { a: '1' } },
              },
            },
            { destination: destination('b'), weight: 60 },
          ],
          rewrite: { uri: '/n', authority: 'q' },
          timeout: '3s',
          retries: {
            attempts: 2,
            perTryTimeout: '1s',
            retryOn: '5xx,503',
            retryRemoteLocalities: true,
            retryIgnorePreviousHosts: true,
            backoff: '10ms',
          },
          fault: {
            delay: { percentage: { value: 10 }, fixedDelay: '1s' },
            abort: { percentage: { value: 1 }, httpStatus: 500 },
          },
          mirrors: [{ destination: destination('b'), percentage: { value: 5 } }],
          corsPolicy: {
            allowOrigins: [{ exact: 'http://a' }],
            allowMethods: ['GET'],
            allowHeaders: ['x'],
            exposeHeaders: ['y'],
            maxAge: '10s',
            allowCredentials: true,
            unmatchedPreflights: 'IGNORE',
          },
          headers: { request: { set: { a: '1' } }, response: { remove: ['x'] } },
        },
        {
          match: [{ uri: { exact: '/r' } }],
          redirect: { uri: '/x', authority: 'b', scheme: 'https', redirectCode: 302, port: 8443 },
        },
        { match: [{ uri: { prefix: '/r2' } }], redirect: { prefixRewrite: '/z', derivePort: 'FROM_REQUEST_PORT' } },
        { match: [{ uri: { exact: '/d' } }], directResponse: { status: 200, body: { string: 'x' } } },
        {
          match: [{ uri: { regex: '/a(.*)' } }],
          rewrite: { uriRegexRewrite: { match: 'a(.*)', rewrite: '\\1' } },
          mirror: destination('b'),
          mirrorPercentage: { value: 5 },
          route: [{ destination: destination('a') }],
          fault: { abort: { percentage: { value: 1 }, grpcStatus: 'UNAVAILABLE' } },
        },
        { match: [{ uri: { prefix: '/dl' } }], delegate: { name: 'dd', namespace: 'default' } },
        { route: [{ destination: { host: 'a' } }] },
      ],
    },
  ],
  [
    'VirtualService',
    {
      hosts: ['t.default.svc.cluster.local'],
      tcp: [
        {
          match: [
            {
              destinationSubnets: ['10.0.0.0/8'],
              port: 80,
              sourceLabels: { a: 'b' },
              gateways: ['mesh'],
              sourceNamespace: 'default',
            },
          ],
          route: [
            { destination: destination('a'), weight: 1 },
            { destination: destination('b', 'v1'), weight: 2 },
          ],
        },
      ],
      tls: [
        {
          match: [{ sniHosts: ['t.default.svc.cluster.local'], port: 80, destinationSubnets: ['10.0.0.1'] }],
          route: [{ destination: destination('a') }],
        },
      ],
    },
  ],
  [
    'HTTPRoute',
    {
      parentRefs: SERVICE_A,
      hostnames: ['h.com'],
      rules: [
        {
          name: 'r',
          matches: [
            {
              path: { type: 'PathPrefix', value: '/p' },
              headers: [{ name: 'x', value: '1', type: 'RegularExpression' }],
              queryParams: [{ name: 'q', value: '1', type: 'Exact' }],
              method: 'GET',
            },
          ],
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: {
                set: [{ name: 'a', value: 'b' }],
                add: [{ name: 'c', value: 'd' }],
                remove: ['e'],
              },
            },
            {
              type: 'URLRewrite',
              urlRewrite: { hostname: 'x.com', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/z' } },
            },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'b', port: 80 }, percent: 5 } },
            {
              type: 'CORS',
              cors: {
                allowOrigins: ['http://a'],
                allowCredentials: true,
                allowMethods: ['GET'],
                allowHeaders: ['x'],
                exposeHeaders: ['y'],
                maxAge: 5,
              },
            },
          ],
          backendRefs: TWO_BACKENDS,
          timeouts: { request: '5s', backendRequest: '1s' },
          retry: { codes: [500], attempts: 2, backoff: '10ms' },
        },
        {
          matches: [{ path: { type: 'Exact', value: '/r' } }],
          filters: [
            {
              type: 'RequestRedirect',
              requestRedirect: {
                scheme: 'https',
                hostname: 'x.com',
                path: { type: 'ReplaceFullPath', replaceFullPath: '/n' },
                port: 443,
                statusCode: 301,
              },
            },
          ],
        },
      ],
    },
  ],
  [
    'GRPCRoute',
    {
      parentRefs: SERVICE_A,
      hostnames: ['h.com'],
      rules: [
        {
          name: 'g',
          matches: [
            {
              method: { type: 'Exact', service: 'x.Y', method: 'Z' },
              headers: [{ name: 'x', value: '1', type: 'RegularExpression' }],
            },
            { method: { type: 'RegularExpression', service: '^(a|b)$' } },
          ],
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: {
                set: [{ name: 'a', value: 'b' }],
                add: [{ name: 'c', value: 'd' }],
                remove: ['e'],
              },
            },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'b', port: 80 }, percent: 5 } },
          ],
          backendRefs: TWO_BACKENDS,
        },
      ],
    },
  ],
  [
    'TCPRoute',
    {
      parentRefs: SERVICE_A,
      rules: [
        {
          name: 'x',
          backendRefs: [
            { name: 'a', port: 80, weight: 1 },
            { name: 'b', port: 80, weight: 1 },
          ],
        },
      ],
    },
  ],
  [
    'TLSRoute',
    {
      parentRefs: SERVICE_A,
      hostnames: ['a.com', '*.b.com'],
      rules: [{ backendRefs: [{ name: 'a', port: 80, weight: 1 }] }],
    },
  ],
  [
    'FaultInjection',
    {
      selector: { matchLabels: { app: 'a' } },
      rules: [
        {
          match: {
            uri: { prefix: '/r' },
            method: { exact: 'GET' },
            headers: { x: { exact: '1' } },
            ignoreUriCase: true,
          },
          delay: { percentage: { value: 50 }, fixedDelay: '2s' },
        },
        { abort: { percentage: { value: 0.1 }, httpStatus: 503 } },
      ],
    },
  ],
]
