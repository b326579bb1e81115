import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import {
  decodeHealthRequest,
  encodeHealthResponse,
  HEALTH_CHECK_PATH,
  HEALTH_WATCH_PATH,
  type HealthRequest,
  type HealthStatus,
} from '../../kernel/grpc-health.ts'
import { methodsOf } from './grpc-server.ts'
import type { ServingStatuses } from './serving-statuses.ts'

/** Of a name that nobody knows; longer ones are told by their beginning. */
const MAX_TOLD_LENGTH = 200

type Watching = ServerWritableStream<HealthRequest, HealthStatus>

interface Watcher {
  /** Tells what is so now, where that is news. */
  look(): void
  /** Tells it, and ends the stream. */
  end(): void
}

/**
 * `grpc.health.v1` of one served Server: its services serve unless the application says otherwise, and none does from the moment
 * when the server is taken out of service. Source: grpc/proto `grpc/health/v1/health.proto`; gRPC "Health Checking Protocol".
 */
export class HealthService {
  readonly #server: Server
  readonly #statuses: ServingStatuses
  readonly #watchers = new Set<Watcher>()
  readonly #stop: () => void
  readonly #isOwn: boolean
  #isLeaving = false

  /** Where the application has a health service itself, that one is left alone. */
  constructor(server: Server, statuses: ServingStatuses) {
    this.#server = server
    this.#statuses = statuses
    this.#stop = statuses.onChange(() => {
      for (const watcher of [...this.#watchers]) watcher.look()
    })
    const check = (call: ServerUnaryCall<HealthRequest, HealthStatus>, answer: sendUnaryData<HealthStatus>): void =>
      this.#check(call.request.service, answer)
    this.#isOwn = server.register(HEALTH_CHECK_PATH, check, encodeHealthResponse, decodeHealthRequest, 'unary')
    if (!this.#isOwn) return
    const watch = (call: Watching): void => this.#watch(call)
    server.register(HEALTH_WATCH_PATH, watch, encodeHealthResponse, decodeHealthRequest, 'serverStream')
  }

  /** The server is being taken out of service: whoever watches hears it, and its stream ends. */
  leave(): void {
    this.#isLeaving = true
    for (const watcher of [...this.#watchers]) watcher.end()
  }

  /** The server has closed. */
  remove(): void {
    this.#stop()
    if (!this.#isOwn) return
    this.#server.unregister(HEALTH_CHECK_PATH)
    this.#server.unregister(HEALTH_WATCH_PATH)
  }

  #check(service: string, answer: sendUnaryData<HealthStatus>): void {
    const status = this.#statusOf(service)
    if (status === undefined) answer({ code: GRPC_STATUS.NOT_FOUND, details: `unknown service ${shortened(service)}` })
    else answer(null, status)
  }

  #watch(call: Watching): void {
    let told: HealthStatus | undefined
    const look = (): void => {
      const status = this.#statusOf(call.request.service) ?? 'SERVICE_UNKNOWN'
      if (status === told) return
      told = status
      call.write(status)
    }
    const watcher: Watcher = {
      look,
      end: () => {
        this.#watchers.delete(watcher)
        look()
        call.end()
      },
    }
    call.on('cancelled', () => this.#watchers.delete(watcher))
    if (this.#isLeaving) {
      watcher.end()
      return
    }
    this.#watchers.add(watcher)
    look()
  }

  /** `undefined`: there is no such service. */
  #statusOf(service: string): HealthStatus | undefined {
    const said = this.#statuses.get(service)
    if (said === undefined && service !== '' && !this.#has(service)) return undefined
    return this.#isLeaving ? 'NOT_SERVING' : (said ?? 'SERVING')
  }

  #has(service: string): boolean {
    const methods = methodsOf(this.#server)
    if (methods === undefined) return false
    const beginning = `/${service}/`
    for (const path of methods.keys()) if (path.startsWith(beginning)) return true
    return false
  }
}

function shortened(name: string): string {
  return name.length <= MAX_TOLD_LENGTH ? name : `${name.slice(0, MAX_TOLD_LENGTH)}…`
}
