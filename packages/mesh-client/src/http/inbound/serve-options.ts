import { MeshError } from '../../kernel/errors.ts'
import type { ServeOptions } from './mesh-server.ts'

/** Every option with its value. */
export interface ResolvedServeOptions {
  readonly host: string | undefined
  readonly port: number
  readonly servicePort: number
  readonly protocol: 'http' | 'http2' | 'tcp'
  readonly cancelOnDisconnect: boolean
  readonly serverFirst: boolean
}

/** What is there already, that a new port must not collide with. */
export interface ServePlace {
  readonly defaultServicePort: number
  readonly servicePortsTaken: readonly number[]
}

const PORT_MAX = 65_535
const PROTOCOLS: readonly string[] = ['http', 'http2', 'tcp']
const KNOWN = [
  'host',
  'port',
  'servicePort',
  'protocol',
  'cancelOnDisconnect',
  'serverFirst',
] as const satisfies readonly (keyof ServeOptions)[]

/** @throws MeshError `WEFT_CONFIG` that lists every option that is not usable. */
export function resolveServeOptions(options: ServeOptions, place: ServePlace): ResolvedServeOptions {
  const {
    host,
    port = 0,
    servicePort = place.defaultServicePort,
    protocol = 'http',
    cancelOnDisconnect = true,
    serverFirst = false,
  } = options
  const problems = Object.keys(options)
    .filter((name) => !(KNOWN as readonly string[]).includes(name))
    .map((name) => `${name} is not an option of serve (they are ${KNOWN.join(', ')})`)
  if (host !== undefined && (typeof host !== 'string' || host === '')) {
    problems.push(`host must be an address to bind, not ${JSON.stringify(host)}`)
  }
  if (!isPort(port, 0)) problems.push(`port must be a whole number from 0 to 65535, not ${JSON.stringify(port)}`)
  if (!isPort(servicePort, 1)) {
    problems.push(`servicePort must be a whole number from 1 to 65535, not ${JSON.stringify(servicePort)}`)
  }
  if (!PROTOCOLS.includes(protocol)) {
    const hint = String(protocol) === 'grpc' ? ' (a server of gRPC is served by serve of meshGrpc)' : ''
    problems.push(`protocol must be one of ${PROTOCOLS.join(', ')}, not ${JSON.stringify(protocol)}${hint}`)
  }
  if (typeof cancelOnDisconnect !== 'boolean') {
    problems.push(`cancelOnDisconnect must be true or false, not ${JSON.stringify(cancelOnDisconnect)}`)
  }
  if (typeof serverFirst !== 'boolean' || (serverFirst && protocol !== 'tcp')) {
    problems.push(
      `serverFirst must be true or false, and true goes with protocol tcp only, not ${JSON.stringify(serverFirst)}`,
    )
  }
  if (place.servicePortsTaken.includes(servicePort)) {
    problems.push(`servicePort ${servicePort} is served by this mesh already: give each port one of its own`)
  }
  if (problems.length > 0) throw new MeshError('WEFT_CONFIG', `serve cannot use its options: ${problems.join('; ')}.`)
  return { host, port, servicePort, protocol, cancelOnDisconnect, serverFirst }
}

function isPort(value: unknown, lowest: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= PORT_MAX
}
