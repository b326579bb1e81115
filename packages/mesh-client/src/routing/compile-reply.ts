import type { DirectResponseAction, PathMatcher, RedirectAction, Violation } from '@weft/mesh-protocol'
import { compileLocation } from './compile-redirect.ts'
import type { HeaderList } from './header-mutations.ts'
import type { CompiledMutations, MakeReply } from './route-table.ts'

/** What a reply is part of. */
export interface ReplyContext {
  /** The path match of the route. */
  readonly path: PathMatcher | undefined
  /** The port that the host is dialled at. */
  readonly port: number
  /** Those of the route, of which the response's are applied. */
  readonly mutations: CompiledMutations | undefined
}

const NO_BODY = new Uint8Array()
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** The answer that sends the caller elsewhere; its status is in `redirect`. */
export function compileRedirect(
  redirect: RedirectAction,
  { path, port, mutations }: ReplyContext,
  field: string,
  violations: Violation[],
): MakeReply {
  const location = compileLocation(redirect, path, port, field, violations)
  return (request) => ({
    status: redirect.responseCode,
    headers: replyHeaders(['location', location(request)], mutations, 0),
    body: NO_BODY,
  })
}

/** An answer that is the same for every request. */
export function compileDirectResponse(
  { status, body, bodyEncoding }: DirectResponseAction,
  { mutations }: ReplyContext,
  field: string,
  violations: Violation[],
): MakeReply {
  if (bodyEncoding === 'base64' && !BASE64.test(body)) {
    violations.push({ field: `${field}.body`, message: 'must be base64, as bodyEncoding says' })
  }
  const bytes = Buffer.from(body, bodyEncoding ?? 'utf8')
  const reply = { status, headers: replyHeaders([], mutations, bytes.length), body: bytes }
  return () => reply
}

/**
 * The route's changes come first and what describes the body after them; the type of a body is the only of these that a
 * route may set (Envoy `http/utility.cc`, `prepareLocalReply`).
 */
function replyHeaders(own: HeaderList, mutations: CompiledMutations | undefined, bytes: number): HeaderList {
  const changed = mutations === undefined ? own : mutations.response(own)
  const headers: string[] = []
  let typed = bytes === 0
  for (let at = 0; at < changed.length; at += 2) {
    const name = changed[at] as string
    if (name === 'content-length' || (bytes === 0 && name === 'content-type')) continue
    if (name === 'content-type') typed = true
    headers.push(name, changed[at + 1] as string)
  }
  if (!typed) headers.push('content-type', 'text/plain')
  headers.push('content-length', String(bytes))
  return headers
}
