import type { RequestLike } from './request-like.ts'

const PSEUDO_HEADER = ':path'

/** Has the application see another path and query, wherever it looks: HTTP/2 has them among the headers too. */
export function rewriteTarget(request: RequestLike, target: string): void {
  request.url = target
  const headers: Record<string, unknown> = request.headers
  if (!(PSEUDO_HEADER in headers)) return
  headers[PSEUDO_HEADER] = target
  const at = request.rawHeaders.indexOf(PSEUDO_HEADER)
  if (at >= 0 && at % 2 === 0) request.rawHeaders[at + 1] = target
}
