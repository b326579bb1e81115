import type { FastifyInstance } from 'fastify'
import { principalNameOf } from '../auth/caller.ts'
import { isRoleName, parseRoleBinding, type RoleBindings } from '../auth/role-bindings.ts'
import { jsonObject } from './bodies.ts'
import { callerOf } from './caller-of.ts'
import { ApiError, refusal } from './status.ts'

interface Route {
  readonly Params: { readonly name: string }
}

/** Which identities of the mesh may use the API, and as what: `GET /v1/roles` and `GET`, `PUT`, `DELETE /v1/roles/{name}`. */
export function roleRoutes(app: FastifyInstance, roles: RoleBindings): void {
  app.get('/v1/roles', async () => ({ roles: roles.list() }))
  app.get<Route>('/v1/roles/:name', async ({ params: { name } }) => {
    const binding = roles.get(name)
    if (binding === undefined) throw unknownRole(name)
    return binding
  })
  app.put<Route>('/v1/roles/:name', async (request, reply) => {
    const { name } = request.params
    const binding = parseRoleBinding(jsonObject(request))
    const violations = [
      ...(isRoleName(name)
        ? []
        : [{ field: 'name', message: 'must be a name of lower-case letters, digits, "-", "."' }]),
      ...(binding.ok ? [] : binding.error),
    ]
    if (!binding.ok || violations.length > 0) throw refusal(422, `The role ${name} is refused`, violations, { name })
    const isNew = await roles.set(name, binding.value, principalNameOf(callerOf(request)))
    if (isNew) reply.code(201)
    return { name, ...binding.value }
  })
  app.delete<Route>('/v1/roles/:name', async (request) => {
    const { name } = request.params
    if (!(await roles.delete(name, principalNameOf(callerOf(request))))) throw unknownRole(name)
    return {}
  })
}

function unknownRole(name: string): ApiError {
  return new ApiError(404, `There is no role ${name}: GET /v1/roles lists those that there are.`, {
    details: { name, kind: 'roles' },
  })
}
