import type { CustomRbacPolicy } from '@weft/mesh-protocol'
import type { AuthorizationDecision } from '../../kernel/recorder.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import type { InboundExchange, InboundFilter, InboundHandler } from '../exchange.ts'
import type { AskProvider } from '../ext-authz/provider-answer.ts'
import { asGrpcReply } from '../grpc-reply.ts'
import type { InboundRules } from '../inbound-rules.ts'
import { textReply } from '../local-reply.ts'
import { type Authorization, providerOf } from './authorization.ts'
import { askedFirst, decide, decideShadow, markedBy } from './decide.ts'
import { ExchangeRequest } from './exchange-request.ts'
import { isUnknownCaller, UNKNOWN_CALLER } from './unknown-caller.ts'

export interface AuthorizeDeps {
  /** Asks a provider of policies with the action CUSTOM. */
  readonly ask: AskProvider
  /** Told of each decision. */
  readonly tell: (decision: AuthorizationDecision) => void
}

const FORBIDDEN = 403
/** What Envoy says (`rbac_filter.cc`). */
const DENIED_TEXT = 'RBAC: access denied'

/** Who may send what: the policies that ask a provider, then those that deny, then those that allow. */
export function authorizeStep(rules: () => InboundRules, deps: AuthorizeDeps): InboundFilter {
  return (next) => (exchange) => {
    const { authorization } = rules()
    if (authorization === undefined || exchange.connection.isOwnProbe) next(exchange)
    else new Authorizing(authorization, deps, exchange, next).start()
  }
}

/** One request on its way through the policies of its beginning. */
class Authorizing {
  readonly #authorization: Authorization
  readonly #deps: AuthorizeDeps
  readonly #exchange: InboundExchange
  readonly #next: InboundHandler
  readonly #request: ExchangeRequest

  constructor(authorization: Authorization, deps: AuthorizeDeps, exchange: InboundExchange, next: InboundHandler) {
    this.#authorization = authorization
    this.#deps = deps
    this.#exchange = exchange
    this.#next = next
    this.#request = new ExchangeRequest(exchange, authorization.numTrustedProxies)
  }

  start(): void {
    if (isUnknownCaller(this.#exchange.connection)) {
      this.#deny(undefined, UNKNOWN_CALLER, this.#forbidden())
      return
    }
    const asked = askedFirst(this.#authorization.rbac, this.#request)
    if (asked === undefined) this.#judge()
    else void this.#ask(asked)
  }

  async #ask(policy: CustomRbacPolicy): Promise<void> {
    const provider = providerOf(this.#authorization, policy)
    if (!provider.ok) {
      this.#deny(policy.name, provider.error, this.#forbidden())
      return
    }
    const { connection, served } = this.#exchange
    const answer = await this.#deps.ask(provider.value, { connection, served, exchange: this.#exchange })
    if (this.#exchange.ended) return
    if (!answer.allowed) {
      this.#exchange.flag('UAEX')
      this.#deny(policy.name, answer.reason, this.#denialOf(answer.reply))
      return
    }
    for (const [name, value] of answer.requestHeaders) this.#exchange.replaceHeader(name, value)
    if (answer.responseHeaders.length > 0 && !this.#exchange.isTunnel)
      this.#exchange.addToResponse(answer.responseHeaders)
    this.#judge()
  }

  #judge(): void {
    const { rbac, auditsAll } = this.#authorization
    const request = this.#request
    const shadow = decideShadow(rbac, request)
    if (shadow !== undefined) this.#deps.tell(shadow.allowed ? 'shadow_allowed' : 'shadow_denied')
    const { allowed, policy } = decide(rbac, request)
    if (!allowed) {
      this.#deny(policy, undefined, this.#forbidden())
      return
    }
    this.#deps.tell('allowed')
    const marked = markedBy(rbac, request)
    if (auditsAll || marked !== undefined) {
      this.#exchange.verdict = { decision: 'allowed', policy, markedBy: marked, reason: undefined }
    }
    this.#next(this.#exchange)
  }

  #deny(policy: string | undefined, reason: string | undefined, reply: RouteReply): void {
    const marked = markedBy(this.#authorization.rbac, this.#request)
    this.#deps.tell('denied')
    this.#exchange.verdict = { decision: 'denied', policy, markedBy: marked, reason }
    this.#exchange.answer(reply, '-')
  }

  /** What a provider answers instead, which knows nothing of gRPC. */
  #denialOf(reply: RouteReply | undefined): RouteReply {
    if (reply === undefined) return this.#forbidden()
    return this.#exchange.isGrpc ? asGrpcReply(reply) : reply
  }

  #forbidden(): RouteReply {
    return textReply(FORBIDDEN, DENIED_TEXT, this.#exchange.isGrpc)
  }
}
