import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from './status.ts'

/**
 * Refuses requests that a web page of somebody else makes in an operator's browser. The API has no authentication on
 * loopback, and a page can send a POST to any address without being asked, or point a name of its own at 127.0.0.1 (DNS
 * rebinding). Browsers say where a request comes from (Fetch Metadata, `Sec-Fetch-Site`); nothing else sends that header,
 * so that clients and curl are not concerned.
 */
export function guardFromBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (isForeign(request)) {
      throw new ApiError(403, 'The control server does not answer requests that web pages of other origins make.')
    }
  })
}

function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined) return headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host)
  return (site !== 'same-origin' && site !== 'none') || !isLiteralHost(headers.host)
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.parse(origin)?.host === host && isLiteralHost(host)
}

/** An address or `localhost`: no name that somebody else's DNS answers for. */
function isLiteralHost(host: string | undefined): boolean {
  const hostname = URL.parse(`http://${host ?? ''}`)?.hostname ?? ''
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
