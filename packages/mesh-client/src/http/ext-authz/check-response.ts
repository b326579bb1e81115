import type { ProviderAnswer } from '../../inbound/ext-authz/provider-answer.ts'
import { Message } from '../../kernel/protobuf.ts'
import { answerHeaders } from './answer-headers.ts'
import { isValidHeader } from './valid-headers.ts'

/*
 * `envoy.service.auth.v3.CheckResponse`, with the numbers of its fields in `external_auth.proto`.
 */

const FORBIDDEN = 403
/** Names that a provider cannot set: they are how the message itself is told. */
const FRAMING: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])

interface HeaderOption {
  readonly name: string
  readonly value: string
  /** Behind what is there; else instead of it. */
  readonly appends: boolean
}

/**
 * @param header what a header of the request is now
 * @throws RangeError for what is no message
 */
export function providerAnswer(response: Buffer, header: (name: string) => string | undefined): ProviderAnswer {
  const message = new Message(response)
  const status = message.message(1)
  const code = status?.number(1) ?? 0
  if (code !== 0) return denial(message.message(2), `the provider answered ${code} ${status?.text(2) ?? ''}`.trim())
  const allowed = message.message(3)
  const set = options(allowed?.all(2)).map(({ name, value, appends }): readonly [string, string] => {
    const before = appends ? header(name) : undefined
    return [name, before === undefined ? value : `${before},${value}`]
  })
  const removed = (allowed?.all(5) ?? []).map((name) => name.toString().toLowerCase())
  return {
    allowed: true,
    requestHeaders: [...removed.filter(isSettable).map((name) => [name, undefined] as const), ...set],
    responseHeaders: headersFor(allowed?.all(6)),
  }
}

function denial(denied: Message | undefined, reason: string): ProviderAnswer {
  const status = denied?.message(1)?.number(1) || FORBIDDEN
  const body = Buffer.from(denied?.bytes(3) ?? Buffer.alloc(0))
  const headers = headersFor(denied?.all(2))
  const isFinal = status >= 200 && status < 600
  return {
    allowed: false,
    reason,
    reply: {
      status: isFinal ? status : FORBIDDEN,
      headers: [...headers, 'content-length', String(body.length)],
      body,
    },
  }
}

/** For the caller. */
function headersFor(all: readonly Buffer[] | undefined): string[] {
  return answerHeaders(options(all).map(({ name, value }) => [name, value]))
}

const isSettable = (name: string): boolean => name !== '' && !name.startsWith(':') && !FRAMING.has(name)

/** `HeaderValueOption`: `append` (2) is off unless it is said, as for this service; `raw_value` (3) goes where there is no text. */
function options(all: readonly Buffer[] = []): readonly HeaderOption[] {
  return all.flatMap((bytes) => {
    const option = new Message(bytes)
    const header = option.message(1)
    const name = header?.text(1).toLowerCase() ?? ''
    const value = header?.text(2) || header?.text(3) || ''
    const appends = option.message(2)?.number(1) === 1
    return isSettable(name) && isValidHeader(name, value) ? [{ name, value, appends }] : []
  })
}
