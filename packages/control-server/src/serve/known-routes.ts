import type { FastifyInstance } from 'fastify'
import { urlsOf } from './kind-paths.ts'

export interface KnownRoute {
  readonly method: string
  /** Parameters as `:name`. */
  readonly url: string
}

/** Notes every route that is registered from now on, so that a wrong method can be told from a wrong path. */
export function noteRoutes(app: FastifyInstance): readonly KnownRoute[] {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push(...urlsOf(url).map((known) => ({ method: each, url: known })))
  })
  return routes
}

export function allowedMethods(routes: readonly KnownRoute[], path: string): string[] {
  const parts = path.replace(/\/$/, '').split('/')
  return [...new Set(routes.filter(({ url }) => fits(parts, url.split('/'))).map(({ method }) => method))]
}

function fits(parts: readonly string[], of: readonly string[]): boolean {
  return (
    parts.length === of.length &&
    of.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]))
  )
}
