import { startControlServer } from '@weft/control-server'

/** The policy under which calls are measured: ten routes, two weighted subsets, retries, ejection, limits, a breaker. */
export const POLICY = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      host: 'reviews',
      trafficPolicy: {
        loadBalancer: { simple: 'LEAST_REQUEST' },
        connectionPool: {
          tcp: { maxConnections: 256, connectTimeout: '2s' },
          http: { http1MaxPendingRequests: 1024, http2MaxRequests: 4096, maxRetries: 64 },
        },
        outlierDetection: { consecutive5xxErrors: 5, interval: '5s', baseEjectionTime: '30s', maxEjectionPercent: 50 },
      },
      subsets: [
        { name: 'v1', labels: { version: 'v1' } },
        { name: 'v2', labels: { version: 'v2' } },
      ],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      hosts: ['reviews'],
      http: [
        ...Array.from({ length: 7 }, (_, i) => ({
          match: [{ uri: { prefix: `/section-${i}/` }, headers: { 'x-user': { exact: `user-${i}` } } }],
          route: [{ destination: { host: 'reviews', subset: 'v1' } }],
        })),
        {
          match: [{ headers: { 'user-agent': { regex: '.*iPhone.*' } } }],
          route: [{ destination: { host: 'reviews', subset: 'v2' } }],
        },
        {
          match: [{ queryParams: { debug: { exact: '1' } } }],
          route: [{ destination: { host: 'reviews', subset: 'v2' } }],
        },
        {
          route: [
            { destination: { host: 'reviews', subset: 'v1' }, weight: 50 },
            { destination: { host: 'reviews', subset: 'v2' }, weight: 50 },
          ],
          timeout: '10s',
          retries: { attempts: 3, perTryTimeout: '5s', retryOn: 'connect-failure,refused-stream,503' },
        },
      ],
    },
  },
  {
    apiVersion: 'mesh.weft.dev/v1',
    kind: 'CircuitBreaker',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { host: 'reviews', errorThresholdPercentage: 50, requestVolumeThreshold: 100 },
  },
]

export interface Control {
  readonly url: string
  post(path: string, body: unknown, method?: string): Promise<unknown>
  close(): Promise<void>
}

export async function startControl(): Promise<Control> {
  const server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  return {
    url: server.url,
    async post(path, body, method = 'POST') {
      const response = await fetch(server.url + path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    close: () => server.close(),
  }
}

export interface Registered {
  /** Default: `http`. */
  readonly protocol?: 'http' | 'http2' | 'grpc' | 'tcp'
  /** Offers mutual TLS with a certificate of the mesh. */
  readonly tlsMode?: 'istio'
}

/** Registers a bare listener as a workload, and keeps it registered until the returned function is called. */
export async function register(
  control: Control,
  service: string,
  port: number,
  version: string,
  { protocol = 'http', ...offer }: Registered = {},
): Promise<() => void> {
  const id = `${service}-${version}-${port}`
  await control.post(
    `/v1/workloads/${id}`,
    {
      service,
      namespace: 'default',
      address: '127.0.0.1',
      ports: [{ name: protocol, servicePort: 80, port: 80, listenPort: port, protocol }],
      labels: { version, app: service },
      serviceAccount: 'default',
      locality: '',
      weight: 1,
      ...offer,
    },
    'PUT',
  )
  const renewal = setInterval(() => void control.post(`/v1/workloads/${id}/renew`, {}).catch(() => undefined), 4000)
  return () => clearInterval(renewal)
}
