import type { Json } from './openapi-schemas.ts'
import type { Operations } from './operation.ts'

const text: Json = { type: 'string' }
const texts: Json = { type: 'array', items: text }
const count: Json = { type: 'integer', minimum: 1 }
const role: Json = { enum: ['viewer', 'operator', 'admin'] }

const limits = { namespace: text, serviceAccount: text, services: texts, addresses: texts, uses: count }
const grant = { role, namespaces: texts }

const tokenSpec: Json = {
  oneOf: [
    { type: 'object', properties: { ...limits, ttlMs: count }, required: ['namespace', 'serviceAccount'] },
    { type: 'object', properties: { ...grant, ttlMs: count }, required: ['role'] },
  ],
}

const described = { createdAt: text, createdBy: text, expiresAt: text, revokedAt: text, used: { type: 'integer' } }

const token = {
  id: text,
  kind: { enum: ['join', 'api'] },
  state: { enum: ['active', 'used up', 'expired', 'revoked'] },
  ...limits,
  ...grant,
  ...described,
}

const tokenView: Json = { type: 'object', properties: token, required: ['id', 'kind', 'state', 'createdAt'] }

const binding: Json = {
  type: 'object',
  properties: { ...grant, identities: texts },
  required: ['role', 'identities'],
}

const namedBinding: Json = {
  type: 'object',
  properties: { name: text, ...grant, identities: texts },
  required: ['name', 'role', 'identities'],
}

const auditEntry: Json = {
  type: 'object',
  properties: {
    revision: { type: 'integer' },
    at: text,
    principal: text,
    verb: text,
    resource: { type: 'object', properties: { kind: text, namespace: text, name: text }, required: ['kind', 'name'] },
    before: {},
    after: {},
  },
  required: ['revision', 'at', 'principal', 'verb', 'resource'],
}

const listIn = (name: string, items: Json): Json => ({
  type: 'object',
  properties: { [name]: { type: 'array', items } },
  required: [name],
})

/** What is said of the routes about who may use the server, and who has. */
export const ACCESS_OPERATIONS: Operations = {
  'GET /v1/tokens': { summary: 'The tokens, without their secrets.', answer: listIn('tokens', tokenView) },
  'POST /v1/tokens': {
    summary: 'Makes a token: with a role one for the API, else one to join the mesh with.',
    body: tokenSpec,
    answer: { ...tokenView, properties: { ...token, token: text } },
    code: 201,
  },
  'DELETE /v1/tokens/:id': { summary: 'Revokes a token.', answer: tokenView },
  'GET /v1/roles': { summary: 'Which identities have which role in the API.', answer: listIn('roles', namedBinding) },
  'GET /v1/roles/:name': { summary: 'One of them.', answer: namedBinding },
  'PUT /v1/roles/:name': {
    summary: 'Gives identities a role in the API, in place of what the name stood for.',
    body: binding,
    answer: namedBinding,
  },
  'DELETE /v1/roles/:name': { summary: 'Takes it from them.', answer: { type: 'object' } },
  'GET /v1/audit': {
    summary: 'Who changed what, newest first.',
    query: ['resource', 'namespace', 'principal', 'limit'],
    answer: listIn('entries', auditEntry),
  },
}
