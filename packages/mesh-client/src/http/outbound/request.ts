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
  options?: MeshRequestOptions<TOpaque>,
) => Promise<Dispatcher.ResponseData<TOpaque>>

/** `undici.request`, with the mesh's dispatcher. A dispatcher among the options is not looked at. */
export function createRequest(dispatcher: Dispatcher): MeshRequest {
  return <TOpaque = null>(
    url: string | URL | UrlParts,
    options?: MeshRequestOptions<TOpaque>,
  ): Promise<Dispatcher.ResponseData<TOpaque>> => {
    try {
      const target = parse(url, options?.path)
      const request: Dispatcher.RequestOptions<TOpaque> & { dispatcher?: undefined } = {
        ...options,
        dispatcher: undefined,
        origin: target.origin,
        path: target.search === '' ? target.pathname : target.pathname + target.search,
        method: options?.method ?? (hasBody(options) ? 'PUT' : 'GET'),
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

function parse(given: string | URL | UrlParts, path: string | undefined): URL {
  const url = given instanceof URL ? given : parseText(typeof given === 'string' ? given : joined(given))
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new errors.InvalidArgumentError('Invalid URL protocol: the URL must start with `http:` or `https:`.')
  }
  return path === undefined ? url : parseText(url.origin + (path.startsWith('/') ? path : `/${path}`))
}

function parseText(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new errors.InvalidArgumentError(`Invalid URL: ${text}`)
  return url
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
