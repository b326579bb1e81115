import { quote } from './hosts.ts'

/** What a port carries, by Istio's names in lower case (`pkg/config/protocol`). */
const HTTP: readonly string[] = ['http', 'http2', 'http_proxy', 'grpc', 'grpc-web']
const TLS: readonly string[] = ['https', 'tls']
const TCP: readonly string[] = ['tcp', 'mongo', 'redis', 'mysql', ...TLS]
const KNOWN: readonly string[] = [...HTTP, ...TCP, 'udp']

export const isHttpProtocol = (protocol = ''): boolean => HTTP.includes(protocol.toLowerCase())
export const isTlsProtocol = (protocol = ''): boolean => TLS.includes(protocol.toLowerCase())
export const isTcpProtocol = (protocol = ''): boolean => TCP.includes(protocol.toLowerCase())

/** Of the name of a protocol in either case; empty stands for one that is told from the traffic. */
export function protocolProblem(protocol = ''): string | undefined {
  if (protocol === '' || KNOWN.includes(protocol.toLowerCase())) return undefined
  const names = KNOWN.map((name) => name.toUpperCase()).join(', ')
  return `${quote(protocol)} is not a protocol: write one of ${names}, or leave it out`
}
