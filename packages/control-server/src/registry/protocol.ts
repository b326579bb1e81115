import type { ServicePort } from './model.ts'

type Protocol = ServicePort['protocol']

/** Istio `pkg/config/protocol/instance.go` `Parse`, folded to what a client does differently. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http_proxy: 'http',
  http2: 'http2',
  grpc: 'grpc',
  'grpc-web': 'http2',
  https: 'tcp',
  tls: 'tcp',
  tcp: 'tcp',
  udp: 'tcp',
  mongo: 'tcp',
  mysql: 'tcp',
  redis: 'tcp',
  // Kubernetes standard application protocols (KEP-3726).
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'tcp',
}

/** Ports where the server speaks first: SMTP, DNS, MySQL, MongoDB. Istio `pkg/config/kube/conversion.go`. */
const SERVER_FIRST_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27017])

/**
 * The protocol of a service port: `appProtocol`, else the port's name up to the first hyphen, as Istio selects it. Where
 * neither says anything it is `http`, since Istio would look into the stream and a caller of ours has said what it speaks.
 */
export function protocolOf(port: { name?: unknown; number: number; appProtocol?: unknown }): Protocol {
  const named =
    typeof port.appProtocol === 'string'
      ? lookUp(port.appProtocol)
      : typeof port.name === 'string'
        ? byName(port.name)
        : undefined
  return named ?? (SERVER_FIRST_PORTS.has(port.number) ? 'tcp' : 'http')
}

function byName(name: string): Protocol | undefined {
  if (/^grpc-web(-|$)/i.test(name)) return lookUp('grpc-web')
  return lookUp(name.split('-', 1)[0] as string)
}

function lookUp(text: string): Protocol | undefined {
  const key = text.toLowerCase()
  return Object.hasOwn(PROTOCOLS, key) ? PROTOCOLS[key] : undefined
}
