type Spec = Readonly<Record<string, unknown>>

/** Specs that together use every field of the kinds that say what a service is called by, about the services `a` and `b`. */
export const FULL_CLUSTERS: readonly (readonly [kind: string, spec: Spec])[] = [
  [
    'DestinationRule',
    {
      host: 'a',
      exportTo: ['.'],
      workloadSelector: { matchLabels: { tier: 'front' } },
      trafficPolicy: {
        loadBalancer: {
          simple: 'ROUND_ROBIN',
          warmup: { duration: '10s', minimumPercent: 10, aggression: 1 },
          localityLbSetting: { distribute: [{ from: 'r/*', to: { 'r/z/*': 100 } }], enabled: true },
        },
        connectionPool: {
          tcp: {
            maxConnections: 1,
            connectTimeout: '1s',
            tcpKeepalive: { probes: 1, time: '1s', interval: '1s' },
            maxConnectionDuration: '1s',
            idleTimeout: '1s',
          },
          http: {
            http1MaxPendingRequests: 1,
            http2MaxRequests: 1,
            maxRequestsPerConnection: 1,
            maxRetries: 1,
            idleTimeout: '1s',
            h2UpgradePolicy: 'UPGRADE',
            maxConcurrentStreams: 5,
            http2KeepAlive: { interval: '1s', timeout: '1s' },
          },
        },
        outlierDetection: {
          splitExternalLocalOriginErrors: true,
          consecutiveLocalOriginFailures: 1,
          consecutiveGatewayErrors: 1,
          consecutive5xxErrors: 1,
          interval: '1s',
          baseEjectionTime: '1s',
          maxEjectionPercent: 50,
          minHealthPercent: 50,
          outlierDetectionHttpErrorCodes: [500],
        },
        tls: { mode: 'SIMPLE', caCertificates: '/a', subjectAltNames: ['a'], sni: 'a' },
        retryBudget: { percent: 20, minRetryConcurrency: 3, budgetInterval: '1s' },
        portLevelSettings: [
          {
            port: { number: 80 },
            loadBalancer: {
              consistentHash: {
                httpCookie: { name: 'c', path: '/', ttl: '1s', attributes: [{ name: 'a', value: 'b' }] },
                maglev: { tableSize: 65537 },
              },
            },
          },
        ],
      },
      subsets: [
        {
          name: 'v1',
          labels: { version: 'v1' },
          trafficPolicy: {
            loadBalancer: { consistentHash: { httpHeaderName: 'x', ringHash: { minimumRingSize: 1024 } } },
            tls: { mode: 'MUTUAL', clientCertificate: '/a', privateKey: '/b', insecureSkipVerify: true },
          },
        },
      ],
    },
  ],
  [
    'DestinationRule',
    {
      host: 'a',
      trafficPolicy: {
        loadBalancer: {
          simple: 'LEAST_REQUEST',
          localityLbSetting: { failover: [{ from: 'a', to: 'b' }], failoverPriority: ['x', 'y=z'] },
        },
        outlierDetection: {},
        tunnel: { protocol: 'CONNECT', targetHost: 'x.com', targetPort: 443 },
      },
    },
  ],
  [
    'DestinationRule',
    {
      host: 'a',
      trafficPolicy: {
        loadBalancer: {
          zoneAwareLbSetting: {
            enabled: true,
            failover: [{ from: 'a', to: 'b' }],
            failoverPriority: ['x'],
            minClusterSize: 3,
          },
        },
        outlierDetection: { consecutiveErrors: 4 },
        proxyProtocol: { version: 'V2' },
      },
    },
  ],
  [
    'DestinationRule',
    {
      host: 'a',
      trafficPolicy: {
        loadBalancer: {
          backendUtilization: {
            errorUtilizationPenaltyPercent: 5,
            metricNamesForComputingUtilization: ['a'],
            weightExpirationPeriod: '1s',
            weightStabilizationPeriod: '1s',
            weightUpdatePeriod: '1s',
          },
        },
      },
    },
  ],
  [
    'DestinationRule',
    { host: 'a', trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true, minimumRingSize: 5 } } } },
  ],
  [
    'DestinationRule',
    {
      host: 'a',
      trafficPolicy: { loadBalancer: { consistentHash: { httpQueryParameterName: 'x', maglev: { tableSize: 3 } } } },
    },
  ],
  [
    'XBackendTrafficPolicy',
    {
      targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
      retryConstraint: { budget: { percent: 20, interval: '10s' }, minRetryRate: { count: 3, interval: '1s' } },
      sessionPersistence: { type: 'Cookie', cookie: { name: 'x' } },
    },
  ],
  [
    'LoadBalancer',
    {
      host: 'a',
      subset: 'v1',
      exportTo: ['.'],
      policy: 'PEAK_EWMA',
      peakEwma: { decayTime: '10s', defaultRtt: '30ms', failurePenalty: '5s' },
      panicThreshold: 50,
      overprovisioningFactor: 140,
      subsetFallback: { defaultSubset: { labels: { version: 'v1' } } },
      outlierDetection: {
        successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900, enforcingPercent: 100 },
        failurePercentage: { threshold: 85, minimumHosts: 5, requestVolume: 50, enforcingPercent: 100 },
        maxEjectionTime: '300s',
        maxEjectionTimeJitter: '1s',
        alwaysEjectOneHost: true,
      },
      healthChecks: [
        {
          interval: '5s',
          timeout: '1s',
          http: { path: '/h', host: 'x', method: 'GET', expectedStatuses: [{ start: 200, end: 300 }] },
        },
        {
          interval: '5s',
          timeout: '1s',
          unhealthyThreshold: 3,
          healthyThreshold: 2,
          port: 9000,
          grpc: { service: 'x' },
        },
        { interval: '5s', timeout: '1s', tcp: {} },
      ],
    },
  ],
  ['LoadBalancer', { host: 'a', policy: 'LEAST_REQUEST', leastRequest: { choiceCount: 3, activeRequestBias: 1 } }],
  ['LoadBalancer', { host: 'a', policy: 'MAGLEV', hashBalanceFactor: 150, subsetFallback: 'ANY_ENDPOINT' }],
  [
    'CircuitBreaker',
    {
      host: 'a',
      subset: 'v1',
      errorThresholdPercentage: 50,
      requestVolumeThreshold: 20,
      rollingWindow: '10s',
      openDuration: '30s',
      fallback: { response: { status: 200, headers: { a: 'b' }, body: 'x' } },
    },
  ],
  ['CircuitBreaker', { host: 'a', fallback: { host: 'b', subset: 'v1', port: 80 } }],
]
