import type { FastifyRequest } from 'fastify'
import { type ParsedDocument, type ParseOptions, parseResources } from '../config/parse.ts'
import { textBody } from './bodies.ts'
import { refusal } from './status.ts'

/** Every resource of the body. */
export function manyDocuments(request: FastifyRequest, options: ParseOptions = {}): readonly ParsedDocument[] {
  const { text, contentType } = textBody(request)
  const parsed = parseResources(text, contentType, options)
  if (parsed.ok) return parsed.value
  throw refusal(400, 'The body cannot be read', parsed.error)
}

/** The one object of the body. */
export function oneDocument(request: FastifyRequest): ParsedDocument['value'] {
  const documents = manyDocuments(request)
  const [first] = documents
  if (first !== undefined && documents.length === 1) return first.value
  const message = `must be one resource, not ${documents.length}; POST /v1/apply takes several`
  throw refusal(400, 'The body is refused', [{ field: '', message }])
}
