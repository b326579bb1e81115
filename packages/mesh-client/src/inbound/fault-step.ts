import type { Fault } from '@weft/mesh-protocol'
import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import { isChosen, type Random } from '../kernel/random.ts'
import type { FaultKind } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { RouteReply } from '../routing/route-table.ts'
import type { InboundExchange, InboundFilter, InboundHandler } from './exchange.ts'
import { grpcReply } from './grpc-reply.ts'
import { inboundRequest } from './inbound-request.ts'
import type { InboundRules } from './inbound-rules.ts'

export interface FaultDeps {
  readonly timers: Timers
  readonly random: Random
  /** Told of each failure. */
  readonly tell: (kind: FaultKind) => void
}

/** What Envoy says (`fault_filter.cc`, `abortWithStatus`). */
const ABORT_TEXT = 'fault filter abort'

/** Holds requests up and answers them with failures, on purpose: first the delay, then, drawn for itself, the abort. */
export function faultStep(rules: () => InboundRules, deps: FaultDeps): InboundFilter {
  return (next) => (exchange) => {
    const find = rules().fault
    const fault = find === undefined || exchange.isTunnel ? undefined : find(inboundRequest(exchange))
    if (fault === undefined) next(exchange)
    else inject(fault, exchange, next, deps)
  }
}

function inject({ delay, abort }: Fault, exchange: InboundExchange, next: InboundHandler, deps: FaultDeps): void {
  const { random, timers, tell } = deps
  const goOn = (): void => {
    if (abort === undefined || !isChosen(abort.percent, random)) {
      next(exchange)
      return
    }
    tell('abort')
    exchange.answer(abortReply(abort, exchange.isGrpc), 'FI')
  }
  if (delay === undefined || !isChosen(delay.percent, random)) {
    goOn()
    return
  }
  tell('delay')
  exchange.flag('DI')
  const timer = timers.set(goOn, delay.fixedDelayMs)
  exchange.whenEnded(() => timers.clear(timer))
}

/** To a gRPC caller every failure is a gRPC status (Envoy `http/utility.cc`, `sendLocalReply`). */
function abortReply({ httpStatus, grpcStatus }: NonNullable<Fault['abort']>, isGrpc: boolean): RouteReply {
  if (httpStatus === undefined || isGrpc) {
    const status = grpcStatus === undefined ? grpcStatusOfHttp(httpStatus ?? 0) : String(grpcStatus)
    return grpcReply(status, ABORT_TEXT)
  }
  const body = Buffer.from(ABORT_TEXT)
  const headers = ['content-type', 'text/plain', 'content-length', String(body.length)]
  return { status: httpStatus, headers, body }
}
