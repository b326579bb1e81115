import { stringify } from 'node:querystring'
import { errors } from '../undici.ts'

/** A path with the query that undici's option `query` stands for, as undici itself would write it. */
export function requestPath(path: string, query: Record<string, unknown> | null | undefined): string {
  if (query === undefined || query === null) return path
  if (path.includes('?') || path.includes('#')) {
    throw new errors.InvalidArgumentError('Query params cannot be passed when url already contains "?" or "#".')
  }
  const text = stringify(query as Record<string, string>)
  return text === '' ? path : `${path}?${text}`
}
