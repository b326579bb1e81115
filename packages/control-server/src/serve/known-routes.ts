import type { FastifyInstance } from 'fastify'

export interface KnownRoute {
  readonly method: string
  /** As it was registered, parameters as `:name`. */
  readonly url: string
  readonly pattern: RegExp
}

/** Notes every route that is registered from now on, so that a wrong method can be told from a wrong path. */
export function noteRoutes(app: FastifyInstance): readonly KnownRoute[] {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const source = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+]/g, '\\$&')))
    for (const each of [method].flat())
      routes.push({ method: each, url, pattern: new RegExp(`^${source.join('/')}/?$`) })
  })
  return routes
}

export function allowedMethods(routes: readonly KnownRoute[], path: string): string[] {
  return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
}
