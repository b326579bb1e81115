import { type CertificateResponse, validateCertificateRequest } from '@weft/mesh-protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Admission } from '../auth/admission.ts'
import { principalNameOf, type WorkloadCaller } from '../auth/caller.ts'
import { readRequestedKey } from '../ca/certificate-request.ts'
import type { Ca } from '../ca/open-ca.ts'
import { isWorkloadId } from '../registry/registrations.ts'
import { toApiError } from './auth-refusals.ts'
import { jsonObject } from './bodies.ts'
import { callerOf } from './caller-of.ts'
import { type CertificateList, viewCertificates } from './certificate-views.ts'
import { readRevocable } from './revocation-request.ts'
import { ApiError, refusal } from './status.ts'

export interface CertificateRoutesOptions {
  readonly ca: Ca
  readonly admission: Admission
  /** Whether a join token was revoked, for the list. */
  readonly isTokenRevoked: (tokenId: string) => boolean
  readonly wallNow: () => number
}

/** `POST /v1/certificates`, the list of what was issued, and revocations. */
export function certificateRoutes(app: FastifyInstance, options: CertificateRoutesOptions): void {
  const { ca } = options
  app.post('/v1/certificates', (request, reply) => issue(request, reply, options))
  app.get('/v1/certificates', async (): Promise<CertificateList> => viewCertificates(options))
  app.post('/v1/certificates/revoke', async (request) => {
    const what = readRevocable(jsonObject(request))
    const by = principalNameOf(callerOf(request))
    const result =
      what.kind === 'identity'
        ? await ca.revocations.revokeIdentity(what.namespace, what.serviceAccount, by)
        : await ca.revocations.revokeSerial(what.serial, by)
    if (result === undefined) throw unknownSerial()
    if (!result.ok) throw new ApiError(409, result.error)
    return viewCertificates(options)
  })
  app.post('/v1/certificates/restore', async (request) => {
    const what = readRevocable(jsonObject(request))
    if (what.kind === 'serial') {
      throw refusal(400, 'Nothing is restored', [
        { field: 'serial', message: 'a certificate stays revoked: its process gets another when it is started anew' },
      ])
    }
    if (
      !(await ca.revocations.restoreIdentity(what.namespace, what.serviceAccount, principalNameOf(callerOf(request))))
    ) {
      throw new ApiError(404, `The identity ${what.namespace}/${what.serviceAccount} is not revoked.`)
    }
    return viewCertificates(options)
  })
}

async function issue(
  request: FastifyRequest,
  reply: FastifyReply,
  { ca, admission }: CertificateRoutesOptions,
): Promise<CertificateResponse> {
  const caller = workloadOf(request)
  const asked = validateCertificateRequest(jsonObject(request))
  if (!asked.ok) throw refusal(400, 'The request for a certificate is refused', asked.error)
  const { csr, workloadId } = asked.value
  if (!isWorkloadId(workloadId)) {
    const message = 'must be the id by which the workload registers'
    throw refusal(400, 'The request for a certificate is refused', [{ field: 'workloadId', message }])
  }
  const key = await readRequestedKey(csr)
  if (!key.ok) {
    throw refusal(400, 'The request for a certificate is refused', [{ field: 'csr', message: key.error }])
  }
  const refused = ca.issuer.refusalFor(caller, workloadId)
  if (refused !== undefined) throw new ApiError(403, refused)
  // Last before signing, as it may count a use of the token.
  const notAdmitted = await admission.admit(caller, workloadId)
  if (notAdmitted !== undefined) throw toApiError(notAdmitted)
  const issued = await ca.issuer.issue(key.value, caller, workloadId)
  if (!issued.ok) throw new ApiError(403, issued.error)
  reply.header('cache-control', 'no-store')
  return issued.value
}

/** A certificate names who has proven it, so that there is none for anybody else. */
function workloadOf(request: FastifyRequest): WorkloadCaller {
  const caller = callerOf(request)
  if (caller.kind === 'workload') return caller
  throw new ApiError(
    caller.kind === 'anonymous' ? 401 : 403,
    'A certificate is given to a workload that proves which it is: send a join token ("weft token create") as authorization: Bearer <token>.',
  )
}

function unknownSerial(): ApiError {
  return new ApiError(
    404,
    'No certificate with this serial is good (any more): GET /v1/certificates lists those that are.',
  )
}
