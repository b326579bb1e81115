/** What a client does differently from one port to another. */
export type PortProtocol = 'http' | 'http2' | 'grpc' | 'tcp'

/** Istio `pkg/config/protocol/instance.go` `Parse`, folded to what a client does differently. */
const PROTOCOLS: Readonly<Record<string, PortProtocol>> = {
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
 * The protocol of a service port: `appProtocol`, else the port's name, each up to its first hyphen, as Istio selects it. Where
 * neither says anything it is `http`, since Istio would look into the stream and a caller of ours has said what it speaks.
 */
export function protocolOf(port: { name?: unknown; number: number; appProtocol?: unknown }): PortProtocol {
  const said = [port.appProtocol, port.name].find((text) => typeof text === 'string') as string | undefined
  const named = said === undefined ? undefined : (lookUp(said) ?? byName(said))
  return named ?? (SERVER_FIRST_PORTS.has(port.number) ? 'tcp' : 'http')
}

function byName(name: string): PortProtocol | undefined {
  if (/^grpc-web/i.test(name)) return lookUp('grpc-web')
  return lookUp(name.split('-', 1)[0] as string)
}

function lookUp(text: string): PortProtocol | undefined {
  const key = text.toLowerCase()
  return Object.hasOwn(PROTOCOLS, key) ? PROTOCOLS[key] : undefined
}
