import { principalOf } from '@weft/mesh-protocol'
import type { AuditEvent } from '../../kernel/audit-event.ts'
import type { InboundConnection, InboundEnding, InboundExchange } from '../exchange.ts'
import { toldGrpcStatus } from '../told-grpc-status.ts'
import type { AccessVerdict } from './verdict.ts'

/** @param wallNow milliseconds since 1970 */
export function auditEvent(
  exchange: InboundExchange,
  verdict: AccessVerdict,
  ending: InboundEnding,
  wallNow: number,
): AuditEvent {
  const { token, facts } = exchange
  return {
    ...connectionPart(exchange.connection, verdict, wallNow),
    requestPrincipal: token === undefined ? undefined : `${token.issuer}/${token.subject}`,
    protocol: exchange.isGrpc ? 'grpc' : 'http',
    port: exchange.served.port,
    method: facts.method,
    host: facts.host,
    path: facts.path.split('?', 1)[0],
    status: ending.status,
    grpcStatus: toldGrpcStatus(exchange, ending),
    flags: ending.flags,
    requestBytes: ending.requestBytes,
    responseBytes: ending.responseBytes,
    durationMs: ending.endedAt - exchange.startedAt,
  }
}

/** Of a connection that was not looked into, when it was let in or closed. */
export function connectionEvent(
  connection: InboundConnection,
  verdict: AccessVerdict,
  port: number,
  wallNow: number,
): AuditEvent {
  return {
    ...connectionPart(connection, verdict, wallNow),
    requestPrincipal: undefined,
    protocol: 'tcp',
    port,
    method: undefined,
    host: undefined,
    path: undefined,
    status: 0,
    grpcStatus: undefined,
    flags: '-',
    requestBytes: 0,
    responseBytes: 0,
    durationMs: 0,
  }
}

type ConnectionPart = Pick<
  AuditEvent,
  'time' | 'decision' | 'policy' | 'markedBy' | 'reason' | 'principal' | 'remoteAddress'
>

function connectionPart(connection: InboundConnection, verdict: AccessVerdict, wallNow: number): ConnectionPart {
  const { decision, policy, markedBy, reason } = verdict
  return {
    time: new Date(wallNow).toISOString(),
    decision,
    policy,
    markedBy,
    reason,
    principal: connection.peerUri === undefined ? undefined : principalOf(connection.peerUri),
    remoteAddress: connection.remoteAddress,
  }
}
