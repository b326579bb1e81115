import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import type { AskProvider, ProviderAnswer, ProviderQuestion } from '../../inbound/ext-authz/provider-answer.ts'
import { textReply } from '../../inbound/local-reply.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Timers } from '../../kernel/timers.ts'
import { type AskedRequest, askedRequest } from './asked-request.ts'
import { checkRequest } from './check-request.ts'
import { providerAnswer } from './check-response.ts'
import { checkGrpc } from './grpc-check.ts'
import { checkHttp } from './http-check.ts'

export interface AskProviderDeps {
  /** The mesh's own, so that providers of the mesh are balanced and spoken to over mutual TLS. */
  readonly dispatcher: () => Dispatcher
  /** Speaks HTTP/2 to hosts outside of the mesh. */
  readonly http2: () => Dispatcher
  /** Whether a host is of the mesh. */
  readonly isOfMesh: (host: string) => boolean
  readonly clock: Clock
  readonly timers: Timers
}

const TOO_LARGE = 413
/** What undici says of requests that it cannot send. */
const UNASKABLE: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])

/** Asks external authorization services, over HTTP and gRPC. Source: Envoy `ext_authz.cc`. */
export function createAskProvider(deps: AskProviderDeps): AskProvider {
  return async (provider, question) => {
    try {
      const asked = await askedRequest(question, provider)
      if (asked?.body?.isWhole === false && provider.includeRequestBodyInCheck?.allowPartialMessage !== true) {
        return tooLarge(question)
      }
      return await inTime(provider, deps, (signal) => check(provider, question, asked, signal, deps))
    } catch (error) {
      return failure(provider, question, error)
    }
  }
}

async function check(
  provider: ExtAuthzProvider,
  question: ProviderQuestion,
  asked: AskedRequest | undefined,
  signal: AbortSignal,
  deps: AskProviderDeps,
): Promise<ProviderAnswer> {
  if (provider.protocol === 'http') {
    // Nothing of a connection could be said over HTTP, and no policy asks for it.
    if (asked === undefined) throw new Error('it speaks HTTP, and this is a connection')
    return checkHttp(provider, asked, deps.dispatcher(), signal)
  }
  const message = checkRequest(question, asked, provider, deps.clock.wallNow())
  const dispatcher = deps.isOfMesh(provider.host) ? deps.dispatcher() : deps.http2()
  const answer = await checkGrpc(`http://${provider.host}:${provider.port}`, message, dispatcher, signal)
  return providerAnswer(answer, (name) => question.exchange?.wholeHeader(name))
}

async function inTime<T>(
  { timeoutMs }: ExtAuthzProvider,
  { timers }: AskProviderDeps,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const timer = timers.set(() => ending.abort(new Error(`it has not answered within ${timeoutMs} ms`)), timeoutMs, {
    holdsLoop: true,
  })
  try {
    return await act(ending.signal)
  } finally {
    timers.clear(timer)
  }
}

/** Nobody has said no, and nobody yes. */
function failure(
  { failOpen, statusOnError }: ExtAuthzProvider,
  { exchange }: ProviderQuestion,
  error: unknown,
): ProviderAnswer {
  if (failOpen && !isUnaskable(error)) return { allowed: true, requestHeaders: [], responseHeaders: [] }
  const why = error instanceof Error ? error.message : String(error)
  const reason = `the provider could not be asked: ${why}`
  if (exchange === undefined) return { allowed: false, reason }
  return { allowed: false, reason, reply: textReply(statusOnError, '', exchange.isGrpc) }
}

/**
 * Whether no question could be made of a request, which is its caller's doing and no outage: what lets requests through while the
 * provider is away does not hold.
 */
function isUnaskable(error: unknown): boolean {
  return UNASKABLE.has((error as { readonly code?: unknown } | null)?.code)
}

function tooLarge({ exchange }: ProviderQuestion): ProviderAnswer {
  const reason = 'the body is longer than the provider is shown'
  return { allowed: false, reason, reply: textReply(TOO_LARGE, 'Payload Too Large', exchange?.isGrpc === true) }
}
