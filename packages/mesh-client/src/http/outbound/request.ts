import type { Dispatcher } from 'undici'
import { errors } from '../undici.ts'

/** Options of `mesh.request`: those of `undici.request`. */
export interface MeshRequestOptions<TOpaque = null>
  extends Partial<Omit<Dispatcher.RequestOptions<TOpaque>, 'origin' | 'path' | 'method'>> {
  readonly method?: Dispatcher.HttpMethod
  readonly path?: string
}

/** A URL in parts, as undici and `node:url` know it. */
export interface UrlParts {
  readonly origin?: string | null
  readonly protocol?: string | null
  readonly hostname?: string | null
  readonly port?: string | number | null
  readonly path?: string | null
  readonly pathname?: string | null
  readonly search?: string | null
}

export type MeshRequest = <TOpaque = null>(
  url: string | URL | UrlParts,
  options?: MeshRequestOptions<TOpaque> | null,
) => Promise<Dispatcher.ResponseData<TOpaque>>

/** `undici.request`, with the mesh's dispatcher. A dispatcher among the options is not looked at. */
export function createRequest(dispatcher: Dispatcher): MeshRequest {
  return <TOpaque = null>(
    url: string | URL | UrlParts,
    options?: MeshRequestOptions<TOpaque> | null,
  ): Promise<Dispatcher.ResponseData<TOpaque>> => {
    try {
      const { origin, path } =
        options?.path === undefined || options.path === null ? split(url) : parse(url, pathOf(options.path))
      if (options === undefined || options === null) return dispatcher.request({ origin, path, method: 'GET' })
      const request: Dispatcher.RequestOptions<TOpaque> & { dispatcher?: undefined } = {
        ...options,
        dispatcher: undefined,
        origin,
        path,
        method: options.method ?? (hasBody(options) ? 'PUT' : 'GET'),
      }
      return dispatcher.request(request)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function hasBody(options: { readonly body?: unknown } | undefined): boolean {
  return options?.body !== undefined && options.body !== null && options.body !== ''
}

/**
 * A URL that a URL parser would leave as it is, in its two parts: no user, no fragment, no dot segments, no character
 * that would be escaped. Taking it apart costs a fraction of parsing it.
 */
const PLAIN =
  /^(https?:\/\/[a-z0-9.-]+(?::[0-9]+)?)((?:\/(?!\.|%2[eE])[\w\-.~!$&()*+,;=:@%]*)+(?:\?[\w\-.~!$&()*+,;=:@%/?]+)?)$/

interface Target {
  readonly origin: string
  readonly path: string
}

function split(url: string | URL | UrlParts): Target {
  const plain = typeof url === 'string' ? PLAIN.exec(url) : null
  return plain === null ? parse(url, undefined) : { origin: plain[1] as string, path: plain[2] as string }
}

function parse(given: string | URL | UrlParts, path: string | undefined): Target {
  const url = given instanceof URL ? given : parseText(typeof given === 'string' ? given : joined(given))
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new errors.InvalidArgumentError('Invalid URL protocol: the URL must start with `http:` or `https:`.')
  }
  const { origin, pathname, search } =
    path === undefined ? url : parseText(url.origin + (path.startsWith('/') ? path : `/${path}`))
  return { origin, path: search === '' ? pathname : pathname + search }
}

/** @throws TypeError `ERR_INVALID_URL`, as undici does. */
function parseText(text: string): URL {
  return new URL(text)
}

function pathOf(path: unknown): string {
  if (typeof path !== 'string') throw new errors.InvalidArgumentError('invalid opts.path')
  return path
}

function joined(parts: UrlParts | null | undefined): string {
  if (typeof parts !== 'object' || parts === null) {
    throw new errors.InvalidArgumentError('Invalid URL: the URL argument must be a non-null object.')
  }
  const port = parts.port === undefined || parts.port === null || parts.port === '' ? '' : `:${parts.port}`
  const origin = parts.origin ?? `${parts.protocol ?? ''}//${parts.hostname ?? ''}${port}`
  const path = parts.path ?? `${parts.pathname ?? ''}${parts.search ?? ''}`
  return origin.replace(/\/$/, '') + (path.startsWith('/') ? path : `/${path}`)
}
