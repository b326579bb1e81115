type Spec = Readonly<Record<string, unknown>>

/** Specs that together use every field of the kinds that say what there is and who sees it, about the services `a` and `b`. */
export const FULL_HOSTS: readonly (readonly [kind: string, spec: Spec])[] = [
  [
    'ServiceEntry',
    {
      hosts: ['e.com'],
      addresses: ['10.1.0.0/16', '10.2.0.1'],
      ports: [
        { number: 80, name: 'http', protocol: 'HTTP', targetPort: 8080 },
        { number: 81, name: 'tcp' },
      ],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      endpoints: [
        {
          address: '10.0.0.1',
          ports: { http: 8081 },
          labels: { a: 'b' },
          network: 'n',
          locality: 'r/z/s',
          weight: 3,
          serviceAccount: 'sa',
        },
      ],
      exportTo: ['.'],
      subjectAltNames: ['x'],
    },
  ],
  [
    'ServiceEntry',
    {
      hosts: ['e.com', 'f.com'],
      ports: [{ number: 443, name: 'https', protocol: 'HTTPS' }],
      resolution: 'DNS',
      endpoints: [{ address: 'x.example.com' }],
    },
  ],
  ['ServiceEntry', { hosts: ['*.e.com'], ports: [{ number: 443, name: 'tls', protocol: 'TLS' }], resolution: 'NONE' }],
  [
    'ServiceEntry',
    { hosts: ['*.e.com'], ports: [{ number: 443, name: 'tls', protocol: 'TLS' }], resolution: 'DYNAMIC_DNS' },
  ],
  [
    'ServiceEntry',
    {
      hosts: ['e.com'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      workloadSelector: { labels: { app: 'a' } },
    },
  ],
  [
    'WorkloadEntry',
    {
      address: '10.0.0.9',
      ports: { http: 80 },
      labels: { app: 'a' },
      locality: 'r/z',
      weight: 2,
      network: 'n',
      serviceAccount: 'x',
    },
  ],
  [
    'WorkloadGroup',
    {
      metadata: { labels: { app: 'a' }, annotations: { x: 'y' } },
      template: {
        ports: { http: 80 },
        labels: { b: 'c' },
        serviceAccount: 'sa',
        locality: 'r/z',
        network: 'n',
        weight: 3,
      },
      probe: {
        initialDelaySeconds: 1,
        timeoutSeconds: 1,
        periodSeconds: 1,
        successThreshold: 1,
        failureThreshold: 1,
        httpGet: { path: '/x', host: 'h', port: 80, scheme: 'HTTP', httpHeaders: [{ name: 'a', value: 'b' }] },
      },
    },
  ],
  [
    'Sidecar',
    {
      workloadSelector: { labels: { tier: 'front' } },
      egress: [
        {
          port: { number: 80, protocol: 'HTTP', name: 'x' },
          bind: '127.0.0.1',
          captureMode: 'NONE',
          hosts: ['./*', '*/a.default.svc.cluster.local', '~default/b.default.svc.cluster.local'],
        },
        { hosts: ['*/*'] },
      ],
      ingress: [{ port: { number: 80, protocol: 'HTTP', name: 'x' }, defaultEndpoint: '127.0.0.1:80' }],
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
      inboundConnectionPool: { http: { maxRetries: 1 } },
    },
  ],
  [
    'MeshConfig',
    {
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
      connectTimeout: '1s',
      tcpKeepalive: { time: '1s' },
      localityLbSetting: { failover: [{ from: 'a', to: 'b' }] },
      defaultHttpRetryPolicy: { attempts: 3, retryOn: '5xx' },
      defaultServiceExportTo: ['.'],
      defaultVirtualServiceExportTo: ['.'],
      defaultDestinationRuleExportTo: ['*'],
      dnsRefreshRate: '5s',
      h2UpgradePolicy: 'UPGRADE',
    },
  ],
  [
    'Service',
    {
      selector: { app: 'a' },
      type: 'ClusterIP',
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1'],
      sessionAffinity: 'ClientIP',
      trafficDistribution: 'PreferClose',
      internalTrafficPolicy: 'Local',
      ports: [
        {
          name: 'http',
          port: 80,
          targetPort: 'web',
          protocol: 'TCP',
          appProtocol: 'kubernetes.io/h2c',
          nodePort: 30000,
        },
        { name: 'x', port: 81 },
      ],
    },
  ],
  ['Service', { type: 'ExternalName', externalName: 'a.default.svc.cluster.local', ports: [{ port: 80 }] }],
]
