import { createRequire } from 'node:module'
import path from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { bindBare } from './grpc-tls.ts'

const TYPE = 'type.googleapis.com/'

/** The order is that in which a client learns of them. */
const XDS_TYPES = {
  LDS: `${TYPE}envoy.config.listener.v3.Listener`,
  RDS: `${TYPE}envoy.config.route.v3.RouteConfiguration`,
  CDS: `${TYPE}envoy.config.cluster.v3.Cluster`,
  EDS: `${TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment`,
} as const

export type XdsKind = keyof typeof XDS_TYPES

/** Resources by kind and name, as JSON of their messages; what is inside an `Any` names its type under `@type`. */
export type XdsResources = Readonly<Record<XdsKind, Readonly<Record<string, object>>>>

export const packed = (type: string, message: object): object => ({ '@type': TYPE + type, ...message })

interface DiscoveryRequest {
  readonly type_url: string
  readonly resource_names: readonly string[]
  readonly response_nonce: string
  readonly version_info: string
  readonly error_detail: { readonly message: string } | null
}

interface Subscription {
  readonly names: readonly string[]
  /** Of what was sent last: answers to what was sent before are stale. */
  nonce: string
}

interface Stream {
  readonly call: ServerDuplexStream<DiscoveryRequest, object>
  readonly subscriptions: Map<XdsKind, Subscription>
}

export interface AdsServer {
  /** For GRPC_XDS_BOOTSTRAP_CONFIG. */
  readonly bootstrap: string
  /** Gives new resources, sends those of one kind, and resolves when all who were sent them have accepted; rejects where one does not. */
  publish(resources: XdsResources, kind: XdsKind): Promise<void>
  close(): void
}

/** An aggregated discovery server for proxyless gRPC: state of the world, v3, all that a client needs in one stream. */
export async function startAdsServer(first: XdsResources): Promise<AdsServer> {
  const streams = new Streams(first)
  const server = new Server()
  server.addService(discoveryService(), { StreamAggregatedResources: (call: Stream['call']) => streams.add(call) })
  const port = await bindBare(server, ServerCredentials.createInsecure())
  return {
    bootstrap: bootstrapFor(port),
    publish: (resources, kind) => streams.publish(resources, kind),
    close: () => server.forceShutdown(),
  }
}

/** The clients, and what each was sent last. */
class Streams {
  readonly #streams = new Set<Stream>()
  /** By nonce, those that wait for a client's word on what was sent. */
  readonly #waiting = new Map<string, (refusal: string | undefined) => void>()
  #resources: XdsResources
  #sent = 0

  constructor(resources: XdsResources) {
    this.#resources = resources
  }

  add(call: Stream['call']): void {
    const stream = { call, subscriptions: new Map<XdsKind, Subscription>() }
    this.#streams.add(stream)
    call.on('data', (request: DiscoveryRequest) => this.#receive(stream, request))
    for (const over of ['end', 'error', 'cancelled']) call.on(over, () => this.#streams.delete(stream))
    call.on('end', () => call.end())
  }

  async publish(resources: XdsResources, kind: XdsKind): Promise<void> {
    this.#resources = resources
    const nonces = [...this.#streams].flatMap((stream) => this.#send(stream, kind) ?? [])
    await Promise.all(nonces.map((nonce) => this.#accepted(nonce)))
  }

  #accepted(nonce: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(nonce, (refusal) => {
        this.#waiting.delete(nonce)
        if (refusal === undefined) resolve()
        else reject(new Error(`the client refuses: ${refusal}`))
      })
    })
  }

  #send({ call, subscriptions }: Stream, kind: XdsKind): string | undefined {
    const subscription = subscriptions.get(kind)
    if (subscription === undefined) return undefined
    const nonce = `${++this.#sent}`
    subscription.nonce = nonce
    const resources = subscription.names.flatMap((name) => this.#resources[kind][name] ?? [])
    call.write({ version_info: nonce, type_url: XDS_TYPES[kind], nonce, resources })
    return nonce
  }

  #receive(stream: Stream, request: DiscoveryRequest): void {
    const kind = (Object.keys(XDS_TYPES) as XdsKind[]).find((each) => XDS_TYPES[each] === request.type_url)
    if (kind === undefined) return
    const { response_nonce: nonce, resource_names: names, error_detail: refusal } = request
    this.#waiting.get(nonce)?.(refusal?.message)
    const before = stream.subscriptions.get(kind)
    if (before !== undefined && nonce !== before.nonce) return
    stream.subscriptions.set(kind, { names, nonce })
    // A subscription that has changed is answered; a plain acknowledgement is not.
    if (refusal === null && names.toString() !== before?.names.toString()) this.#send(stream, kind)
  }
}

/** From the messages that @grpc/grpc-js-xds is published with. */
function discoveryService(): Parameters<Server['addService']>[0] {
  const deps = path.join(path.dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps')
  const definition = loadSync(
    [
      'envoy/service/discovery/v3/ads.proto',
      'envoy/config/listener/v3/listener.proto',
      'envoy/config/route/v3/route.proto',
      'envoy/config/cluster/v3/cluster.proto',
      'envoy/config/endpoint/v3/endpoint.proto',
      'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
      'envoy/extensions/filters/http/router/v3/router.proto',
    ],
    {
      keepCase: true,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
      includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((each) => path.join(deps, each)),
    },
  )
  const loaded = loadPackageDefinition(definition) as unknown as {
    envoy: {
      service: {
        discovery: { v3: { AggregatedDiscoveryService: { service: Parameters<Server['addService']>[0] } } }
      }
    }
  }
  return loaded.envoy.service.discovery.v3.AggregatedDiscoveryService.service
}

function bootstrapFor(port: number): string {
  const server = { server_uri: `127.0.0.1:${port}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] }
  return JSON.stringify({ xds_servers: [server], node: { id: 'bench', cluster: 'bench', locality: {} } })
}
