import type { AuditSink } from '../../kernel/audit-event.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { AuthorizationDecision } from '../../kernel/recorder.ts'
import { connectionEvent } from '../audit/audit-event.ts'
import type { AuthorizeConnection } from '../authorize-connection.ts'
import type { InboundConnection, ServedPort } from '../exchange.ts'
import type { AskProvider } from '../ext-authz/provider-answer.ts'
import type { InboundRules } from '../inbound-rules.ts'
import { type Authorization, providerOf } from './authorization.ts'
import type { AuthzRequest } from './authz-request.ts'
import { askedFirst, type Decision, decide, decideShadow, markedBy } from './decide.ts'
import { parseIp } from './ip-address.ts'
import { isUnknownCaller, UNKNOWN_CALLER } from './unknown-caller.ts'

export interface AuthorizeTcpDeps {
  readonly clock: Clock
  /** Asks a provider of policies with the action CUSTOM. */
  readonly ask: AskProvider
  /** Told of each decision. */
  readonly tell: (decision: AuthorizationDecision) => void
  readonly audit: AuditSink
}

/** The policies for connections that are not looked into, before the application has one. */
export function tcpAuthorizer(rules: () => InboundRules, deps: AuthorizeTcpDeps): AuthorizeConnection {
  return (connection, served) => {
    const { tcpAuthorization } = rules()
    if (tcpAuthorization === undefined) return true
    const request = connectionRequest(connection, served)
    const asked = askedFirst(tcpAuthorization.rbac, request)
    const conclude = (decision: Decision, reason?: string): boolean =>
      tell({ decision, reason }, { connection, served, request, authorization: tcpAuthorization }, deps)
    if (isUnknownCaller(connection)) return conclude({ allowed: false, policy: undefined }, UNKNOWN_CALLER)
    if (asked === undefined) return conclude(decide(tcpAuthorization.rbac, request))
    const provider = providerOf(tcpAuthorization, asked)
    const denied = { allowed: false, policy: asked.name }
    if (!provider.ok) return conclude(denied, provider.error)
    return deps
      .ask(provider.value, { connection, served, exchange: undefined })
      .then((answer) =>
        answer.allowed ? conclude(decide(tcpAuthorization.rbac, request)) : conclude(denied, answer.reason),
      )
  }
}

interface Judged {
  readonly connection: InboundConnection
  readonly served: ServedPort
  readonly request: AuthzRequest
  readonly authorization: Authorization
}

function tell(
  { decision, reason }: { readonly decision: Decision; readonly reason: string | undefined },
  { connection, served, request, authorization }: Judged,
  deps: AuthorizeTcpDeps,
): boolean {
  const { allowed, policy } = decision
  const shadow = decideShadow(authorization.rbac, request)
  if (shadow !== undefined) deps.tell(shadow.allowed ? 'shadow_allowed' : 'shadow_denied')
  deps.tell(allowed ? 'allowed' : 'denied')
  const marked = markedBy(authorization.rbac, request)
  if (!allowed || marked !== undefined || authorization.auditsAll) {
    const verdict = { decision: allowed ? 'allowed' : 'denied', policy, markedBy: marked, reason } as const
    deps.audit(connectionEvent(connection, verdict, served.port, deps.clock.wallNow()))
  }
  return allowed
}

/** A connection has neither path, headers nor token, so that no condition on them holds. */
function connectionRequest(connection: InboundConnection, served: ServedPort): AuthzRequest {
  const direct = parseIp(connection.remoteAddress)
  return {
    peerUri: connection.peerUri,
    directRemoteIp: direct,
    remoteIp: direct,
    destinationIp: parseIp(connection.localAddress),
    destinationPort: served.port,
    sni: connection.sni,
    path: undefined,
    token: undefined,
    header: () => undefined,
  }
}
