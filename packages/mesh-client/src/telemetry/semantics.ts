import type { CallEnd, ClientCallFacts, ServerCallFacts } from '../kernel/tracing.ts'

export type SpanAttributes = Record<string, string | number>

/** What is said of a call when it has ended. */
export interface SpanEnd {
  readonly attributes: SpanAttributes
  /** Whether the span counts as failed. */
  readonly failed: boolean
  /** The name of the span, where only the end tells it. */
  readonly name?: string | undefined
}

/** OpenTelemetry's conventions for the spans of one kind of call. */
export interface Semantics {
  /** The attribute that counts the attempts after the first. */
  readonly resendCount: string
  clientName(facts: ClientCallFacts): string
  clientAttributes(facts: ClientCallFacts): SpanAttributes
  clientEnd(end: CallEnd): SpanEnd
  serverName(facts: ServerCallFacts): string
  serverAttributes(facts: ServerCallFacts): SpanAttributes
  serverEnd(end: CallEnd, facts: ServerCallFacts): SpanEnd
}

/** What Weft says of every call that has ended, by whatever conventions. */
export function meshAttributes({ flags, access }: CallEnd): SpanAttributes {
  const attributes: SpanAttributes = {}
  if (flags !== '-' && flags !== '') attributes['weft.response_flags'] = flags
  if (access !== undefined) {
    attributes['weft.access.decision'] = access.decision
    if (access.policy !== undefined) attributes['weft.access.policy'] = access.policy
  }
  return attributes
}

/** `error.type` of a call that was not answered: the code or class of its error, else the response flags. */
export function errorTypeOf({ error, flags }: Pick<CallEnd, 'error' | 'flags'>): string {
  if (error instanceof Error) {
    const code: unknown = 'code' in error ? error.code : undefined
    return typeof code === 'string' ? code : error.name
  }
  return flags === '-' || flags === '' ? '_OTHER' : flags
}
