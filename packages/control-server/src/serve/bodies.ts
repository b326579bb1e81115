import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError, refusal } from './status.ts'

/** Largest request body. Kubernetes takes 3 MiB (`apiserver` `MaxRequestBodyBytes`). */
export const MAX_BODY_BYTES: number = 3 * 1024 * 1024

const JSON_TYPES = ['application/json', 'application/merge-patch+json']
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']

/** A body that its route reads, as only that knows whether it may be several documents. */
export interface TextBody {
  readonly text: string
  readonly contentType: string
}

/** Takes bodies as JSON values; every other content type is answered 415. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJson(String(text)))
    } catch (error) {
      done(error as Error, undefined)
    }
  })
}

/** Takes bodies in JSON and YAML as the texts that they are; every other content type is answered 415. */
export function takeText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...JSON_TYPES, ...YAML_TYPES], { parseAs: 'string' }, (request, given, done) => {
    const text = String(given)
    const contentType = request.headers['content-type'] ?? ''
    done(null, isBlank(text) ? undefined : ({ text, contentType } satisfies TextBody))
  })
}

/** A compressed body would be read as the JSON that it is not. */
export function refuseEncodedBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding === 'identity') return
    throw new ApiError(415, `The body is encoded (${encoding}), which is not taken: send it without content-encoding.`)
  })
}

/** Many clients name a content type where they send nothing, with DELETE above all. */
function isBlank(text: string): boolean {
  return text.trim() === ''
}

function parseJson(text: string): unknown {
  if (isBlank(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw refusal(400, 'The body is not valid JSON', [{ field: '', message }])
  }
  return value
}

/** The body as a JSON object; anything else is refused with what was expected. */
export function jsonObject({ body }: FastifyRequest): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  throw refusal(400, 'The body is refused', [{ field: '', message: 'must be a JSON object' }])
}

/** The body as it came; a request without one is refused. */
export function textBody({ body }: FastifyRequest): TextBody {
  if (body !== undefined && body !== null) return body as TextBody
  throw new ApiError(400, 'There is no body: send a resource with content-type application/json or application/yaml.')
}
