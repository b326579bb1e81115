import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError, refusal } from './status.ts'

/** Largest request body. Kubernetes takes 3 MiB (`apiserver` `MaxRequestBodyBytes`). */
export const MAX_BODY_BYTES: number = 3 * 1024 * 1024

/** A body in YAML, left as text: only the route knows whether it may be several documents. */
export interface YamlBody {
  readonly yaml: string
}

const JSON_TYPES = ['application/json', 'application/merge-patch+json']
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']

export function isYamlBody(body: unknown): body is YamlBody {
  return typeof body === 'object' && body !== null && 'yaml' in body && typeof body.yaml === 'string' && YAML in body
}

const YAML = Symbol('a body that came as YAML')

/** Takes JSON as values and YAML as text; every other content type is answered 415. */
export function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJson(String(text)))
    } catch (error) {
      done(error as Error, undefined)
    }
  })
  app.addContentTypeParser(YAML_TYPES, { parseAs: 'string' }, (_request, text, done) => {
    done(null, { yaml: String(text), [YAML]: true })
  })
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text, text.includes('"__proto__"') ? refuseProto : undefined)
  } catch (error) {
    if (error instanceof ApiError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw refusal(400, 'The body is not valid JSON', [{ field: '', message }])
  }
}

function refuseProto(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  throw refusal(400, 'The body is refused', [{ field: '__proto__', message: 'no field may have this name' }])
}

/** The body as an object that came as JSON; anything else is refused with what was expected. */
export function jsonObject(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { body } = request
  if (isYamlBody(body))
    throw new ApiError(415, 'This takes a body in JSON: send it with content-type application/json.')
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refusal(400, 'The body is refused', [{ field: '', message: 'must be a JSON object' }])
  }
  return body as Record<string, unknown>
}
