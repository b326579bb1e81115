import type { FastifyRequest } from 'fastify'
import type { Action } from '../auth/action.ts'

/** What a route is for, as far as its URL tells. */
export type RouteAction = 'open' | 'read' | 'write' | 'write-to' | 'administer' | 'take-part' | 'get-certificate'

const KIND = '/namespaces/:namespace/:plural'

/** Of each route, by method and URL as it is registered. What does not stand here is for admins. */
const ACTIONS: Readonly<Record<string, RouteAction>> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /v1/trust-bundle': 'open',

  'GET /openapi.json': 'read',
  'GET /metrics': 'read',
  'GET /v1/prometheus/targets': 'read',
  'GET /v1/clients': 'read',
  'GET /v1/services': 'read',
  'GET /v1/services/:namespace/:name': 'read',
  'GET /v1/services/:namespace/:name/canary': 'read',
  'POST /v1/analyze': 'read',
  'GET /v1/certificates': 'read',
  'GET /v1/ca': 'read',
  ...ofKinds('/api/:version'),
  ...ofKinds('/apis/:group/:version'),

  // Each of the resources is asked for by itself, once it is known.
  'POST /v1/apply': 'write',
  'PUT /v1/services/:namespace/:name/canary': 'write-to',
  'DELETE /v1/services/:namespace/:name/canary': 'write-to',
  'POST /v1/services/:namespace/:name/canary/promote': 'write-to',

  'GET /v1/stream': 'take-part',
  'POST /v1/streams/:id': 'take-part',
  'PUT /v1/workloads/:id': 'take-part',
  'POST /v1/workloads/:id/renew': 'take-part',
  'DELETE /v1/workloads/:id': 'take-part',
  'POST /v1/certificates': 'get-certificate',

  'POST /v1/ca/rotate': 'administer',

  'POST /v1/certificates/revoke': 'administer',
  'POST /v1/certificates/restore': 'administer',
  'GET /v1/tokens': 'administer',
  'POST /v1/tokens': 'administer',
  'DELETE /v1/tokens/:id': 'administer',
  'GET /v1/roles': 'administer',
  'GET /v1/roles/:name': 'administer',
  'PUT /v1/roles/:name': 'administer',
  'DELETE /v1/roles/:name': 'administer',
  'GET /v1/audit': 'administer',
}

function ofKinds(base: string): Record<string, RouteAction> {
  return {
    [`GET ${base}/:plural`]: 'read',
    [`GET ${base}${KIND}`]: 'read',
    [`GET ${base}${KIND}/:name`]: 'read',
    [`POST ${base}${KIND}`]: 'write-to',
    [`PUT ${base}${KIND}/:name`]: 'write-to',
    [`PATCH ${base}${KIND}/:name`]: 'write-to',
    [`DELETE ${base}${KIND}/:name`]: 'write-to',
  }
}

/** `undefined`: nothing is said of the route. A HEAD is what its GET is. */
export function routeAction(method: string, url: string): RouteAction | undefined {
  return ACTIONS[`${method === 'HEAD' ? 'GET' : method} ${url}`]
}

/** What the request is about to do, before its body is known; `undefined`: nobody is asked. */
export function actionOf(request: FastifyRequest): Action | undefined {
  const { method, url } = request.routeOptions
  if (url === undefined) return { kind: 'look-around' }
  const action = routeAction(String(method), url) ?? 'administer'
  if (action === 'open') return undefined
  if (action !== 'write-to') return { kind: action }
  return { kind: 'write-to', namespace: (request.params as { readonly namespace?: string }).namespace }
}
