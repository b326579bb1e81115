import type { FastifyInstance } from 'fastify'
import type { AuditLog } from '../auth/audit-log.ts'
import { principalNameOf } from '../auth/caller.ts'
import type { Ca } from '../ca/open-ca.ts'
import { callerOf } from './caller-of.ts'
import { type CaView, viewCa } from './certificate-views.ts'
import { ApiError } from './status.ts'

/** `GET /v1/ca`, `POST /v1/ca/rotate`, and `GET /v1/trust-bundle`, which is for everybody. */
export function caRoutes(app: FastifyInstance, ca: Ca, audit: AuditLog): void {
  app.get('/v1/ca', async (): Promise<CaView> => viewCa(ca))

  app.post('/v1/ca/rotate', async (request, reply) => {
    const { rotation, description } = await ca.authority.ready()
    if (rotation === undefined) {
      throw new ApiError(
        409,
        `The root is not this server's to change, as ${description} signs: change it there, and let its bundle hold the old and the new root meanwhile.`,
      )
    }
    const before = viewCa(ca)
    await rotation.start()
    // The root is kept beside the store, so that this is a commit of its own.
    await audit.write({
      principal: principalNameOf(callerOf(request)),
      verb: 'rotate',
      resource: { kind: 'CertificateAuthority', name: description },
      before,
      after: viewCa(ca),
    })
    return reply.code(202).send(viewCa(ca))
  })

  app.get<{ Querystring: { format?: unknown } }>('/v1/trust-bundle', async (request, reply) => {
    // Makes the authority where this is the first need of it.
    await ca.authority.ready()
    const trust = ca.authority.trust.current
    if (wantsPem(request.query.format, request.headers.accept)) {
      return reply.type('application/x-pem-file').send(trust?.certificates.join('') ?? '')
    }
    return trust
  })
}

function wantsPem(format: unknown, accept: string | undefined): boolean {
  if (format !== undefined && format !== 'pem' && format !== 'json') {
    throw new ApiError(400, 'format must be pem or json.')
  }
  return format === 'pem' || (format === undefined && accept !== undefined && /application\/(?:x-)?pem/.test(accept))
}
