const VERSIONS = ['v1', 'v2', 'v3']

/** Where the story begins: all traffic goes to v1, and an instance that keeps failing is left alone for a while. */
export const ALL_V1: readonly object[] = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      host: 'reviews',
      trafficPolicy: {
        outlierDetection: { consecutive5xxErrors: 5, baseEjectionTime: '10s', maxEjectionPercent: 50 },
      },
      subsets: VERSIONS.map((version) => ({ name: version, labels: { version } })),
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews', subset: 'v1' }, weight: 100 }] }] },
  },
]

/** Every port takes mutual TLS alone, but for the page, which people open with a browser. */
export const STRICT_BUT_THE_PAGE: readonly object[] = [
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'istio-system' },
    spec: { mtls: { mode: 'STRICT' } },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'productpage', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'productpage' } }, mtls: { mode: 'PERMISSIVE' } },
  },
]

/** Reviews are asked by the page, and by whoever the demo lets look at them; ratings by reviews. */
export const WHO_MAY_ASK: readonly object[] = [
  allow('reviews', ['bookinfo-productpage', 'demo']),
  allow('ratings', ['bookinfo-reviews']),
]

function allow(app: string, serviceAccounts: readonly string[]): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: app, namespace: 'default' },
    spec: { selector: { matchLabels: { app } }, action: 'ALLOW', rules: [{ from: [{ source: { serviceAccounts } }] }] },
  }
}

/** The first canary: nobody but an iPhone sees v2. */
export const IPHONES_SEE_V2 = {
  subset: 'v2',
  weight: 0,
  match: [{ headers: { 'user-agent': { regex: '.*iPhone.*' } } }],
} as const

/** Look-ahead is no RE2, and the weights add up to nothing: the server has to say both. */
export const BROKEN: readonly object[] = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      hosts: ['reviews'],
      http: [
        {
          match: [{ uri: { regex: '/reviews/(?=7)' } }],
          route: [
            { destination: { host: 'reviews', subset: 'v1' }, weight: 0 },
            { destination: { host: 'reviews', subset: 'v2' }, weight: 0 },
          ],
        },
      ],
    },
  },
]
