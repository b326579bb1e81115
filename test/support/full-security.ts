const JWKS = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', kid: 'a' }] })

/** Specs about who may call, each with every field that its kind can have beside the others. */
export const FULL_SECURITY: readonly (readonly [kind: string, spec: Readonly<Record<string, unknown>>])[] = [
  ['PeerAuthentication', { mtls: { mode: 'STRICT' } }],
  [
    'PeerAuthentication',
    {
      selector: { matchLabels: { app: 'a' } },
      mtls: { mode: 'PERMISSIVE' },
      portLevelMtls: { 80: { mode: 'DISABLE' }, 81: { mode: 'UNSET' }, 82: {} },
    },
  ],
  [
    'RequestAuthentication',
    {
      jwtRules: [
        {
          issuer: 'https://issuer.example',
          audiences: ['a'],
          jwksUri: 'https://issuer.example/jwks',
          fromHeaders: [{ name: 'X-Token', prefix: 'Bearer ' }],
          fromParams: ['token'],
          fromCookies: ['session'],
          outputPayloadToHeader: 'X-Payload',
          outputClaimToHeaders: [{ header: 'X-Subject', claim: 'sub' }],
          forwardOriginalToken: true,
          timeout: '1s',
          spaceDelimitedClaims: ['groups'],
          presence: 'OPTIONAL',
        },
        { issuer: 'other', jwks: JWKS },
      ],
    },
  ],
  ['AuthorizationPolicy', {}],
  [
    'AuthorizationPolicy',
    {
      selector: { matchLabels: { version: 'v1' } },
      action: 'DENY',
      rules: [
        {
          from: [
            {
              source: {
                principals: ['td/ns/a/sa/b', '*', 'td/*', '*/sa/b'],
                notPrincipals: ['td/ns/a/sa/c'],
                requestPrincipals: ['iss/sub', '*', 'iss/*', '*sub', 'iss*'],
                notRequestPrincipals: ['*/sub'],
                namespaces: ['a', 'a*b'],
                notNamespaces: ['c'],
                trustDomains: ['td', '*', '*.td', 'td*'],
                notTrustDomains: ['other'],
                ipBlocks: ['10.0.0.1', 'fd00::/8'],
                notIpBlocks: ['10.0.0.0/8'],
                remoteIpBlocks: ['192.0.2.0/24'],
                notRemoteIpBlocks: ['::1'],
              },
            },
            { source: { serviceAccounts: ['a/b', 'c'], notServiceAccounts: ['d'] } },
          ],
          to: [
            {
              operation: {
                hosts: ['a', '*.b', 'c.*', '*'],
                notHosts: ['d'],
                ports: ['80'],
                notPorts: ['81'],
                methods: ['GET', '*'],
                notMethods: ['P*'],
                paths: ['/a', '/b*', '*c', '/d/{*}/{**}', '*'],
                notPaths: ['/e'],
              },
            },
          ],
          when: [
            { key: 'request.headers[X-A]', values: ['a', '*'], notValues: ['b*'] },
            { key: 'source.ip', values: ['10.0.0.1'] },
            { key: 'remote.ip', notValues: ['10.0.0.0/8'] },
            { key: 'source.namespace', values: ['a'] },
            { key: 'source.serviceAccount', values: ['a/b'] },
            { key: 'source.principal', values: ['td/ns/a/sa/b'] },
            { key: 'source.trustDomain', values: ['td'] },
            { key: 'request.auth.principal', values: ['iss/sub'] },
            { key: 'request.auth.audiences', values: ['a'] },
            { key: 'request.auth.presenter', values: ['a'] },
            { key: 'request.auth.claims[a][b]', values: ['c'] },
            { key: 'destination.ip', values: ['10.0.0.1'] },
            { key: 'destination.port', values: ['80'] },
            { key: 'connection.sni', values: ['*.a'] },
            { key: 'experimental.envoy.filters.a.b[c]', values: ['[d]', 'e*'] },
          ],
        },
      ],
    },
  ],
  [
    'AuthorizationPolicy',
    {
      action: 'CUSTOM',
      provider: { name: 'authz' },
      rules: [{ to: [{ operation: { paths: ['/admin*'] } }], when: [{ key: 'request.headers[x]', values: ['*'] }] }],
    },
  ],
  [
    'AuthorizationPolicy',
    { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g' }], rules: [{}], action: 'AUDIT' },
  ],
  [
    'MeshConfig',
    {
      trustDomain: 'td',
      trustDomainAliases: ['old.td'],
      enableAutoMtls: false,
      pathNormalization: { normalization: 'MERGE_SLASHES' },
      defaultConfig: { gatewayTopology: { numTrustedProxies: 1 } },
      auditDecisions: 'ALL',
      extensionProviders: [
        {
          name: 'authz',
          envoyExtAuthzHttp: {
            service: 'a/authz.example',
            port: 9000,
            timeout: '1s',
            pathPrefix: '/check',
            failOpen: true,
            statusOnError: '503',
            includeRequestHeadersInCheck: ['x-*'],
            includeAdditionalHeadersInCheck: { a: 'b' },
            includeRequestBodyInCheck: { maxRequestBytes: 100, allowPartialMessage: true, packAsBytes: true },
            headersToUpstreamOnAllow: ['a'],
            headersToDownstreamOnAllow: ['b'],
            headersToDownstreamOnDeny: ['c'],
          },
        },
        { name: 'grpc', envoyExtAuthzGrpc: { service: '127.0.0.1', port: 9001, timeout: '1s', statusOnError: '401' } },
      ],
    },
  ],
]
