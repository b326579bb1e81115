import type { InboundPolicy, ServiceRef } from '@weft/mesh-protocol'
import type { AuditSink } from '../kernel/audit-event.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CountedMessages } from '../kernel/message-tally.ts'
import type { CallRecord, Recorder } from '../kernel/recorder.ts'
import type { Tracing } from '../kernel/tracing.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import { auditEvent } from './audit/audit-event.ts'
import { destinationService } from './destination-service.ts'
import type { InboundEnding, InboundExchange, InboundFilter, ServedPort } from './exchange.ts'
import { toldGrpcStatus } from './told-grpc-status.ts'

export interface TelemetryDeps {
  readonly policy: PolicySource
  readonly recorder: Recorder
  readonly tracing: Tracing
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
  readonly clock: Clock
  /** Gets what was decided of requests. */
  readonly audit: AuditSink
}

/** The server's side of metrics and traces. */
export interface TelemetryStep {
  readonly filter: InboundFilter
  /** Told once for each exchange that went through the filter. */
  ended(exchange: InboundExchange, ending: InboundEnding): void
  /** Of a call of gRPC that goes on. */
  messages(exchange: InboundExchange, messages: CountedMessages): void
}

/** One for each served port. */
export function telemetryStep(deps: TelemetryDeps, served: ServedPort): TelemetryStep {
  const { tracing, recorder, audit, clock } = deps
  const serviceNow = serviceOf(deps, served)
  return {
    filter: (next) => (exchange) => {
      exchange.span = tracing.startServer(exchange.facts)
      next(exchange)
    },
    ended(exchange, ending) {
      const grpcStatus = toldGrpcStatus(exchange, ending)
      recorder.call(callRecord(exchange, ending, grpcStatus, serviceNow()))
      const { verdict } = exchange
      exchange.span?.end({ status: ending.status, flags: ending.flags, grpcStatus, access: verdict })
      if (verdict !== undefined) audit(auditEvent(exchange, verdict, ending, clock.wallNow()))
    },
    messages(exchange, { request, response }) {
      recorder.messages({
        reporter: 'destination',
        service: serviceNow(),
        peer: exchange.peer,
        requestMessages: request,
        responseMessages: response,
      })
    },
  }
}

function callRecord(
  exchange: InboundExchange,
  ending: InboundEnding,
  grpcStatus: string | undefined,
  service: ServiceRef | undefined,
): CallRecord {
  const { isGrpc } = exchange
  return {
    reporter: 'destination',
    protocol: isGrpc ? 'grpc' : 'http',
    service,
    peer: exchange.peer,
    status: ending.status,
    grpcStatus,
    flags: ending.flags,
    durationMs: ending.endedAt - exchange.startedAt,
    requestBytes: ending.requestBytes,
    responseBytes: ending.responseBytes,
    requestMessages: ending.messages?.request,
    responseMessages: ending.messages?.response,
    rpc: isGrpc ? exchange.facts : undefined,
  }
}

/** Looks the service up once for each policy instead of once for each request. */
function serviceOf({ policy, service }: TelemetryDeps, served: ServedPort): () => ServiceRef | undefined {
  let seen: InboundPolicy | undefined
  let found = destinationService(seen, served, service)
  return () => {
    const { inbound } = policy.current
    if (inbound !== seen) {
      seen = inbound
      found = destinationService(inbound, served, service)
    }
    return found
  }
}
