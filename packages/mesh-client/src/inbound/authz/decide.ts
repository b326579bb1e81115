import type { CustomRbacPolicy } from '@weft/mesh-protocol'
import type { AuthzRequest } from './authz-request.ts'
import type { CompiledRbac } from './compile-rbac.ts'

/** What is done with a request, and the policy that says so; none where no policy of an action holds. */
export interface Decision {
  readonly allowed: boolean
  /** `namespace/name`. */
  readonly policy: string | undefined
}

const ALLOWED: Decision = { allowed: true, policy: undefined }
const DENIED: Decision = { allowed: false, policy: undefined }

/** The policy whose provider has to be asked first. */
export function askedFirst({ custom }: CompiledRbac, request: AuthzRequest): CustomRbacPolicy | undefined {
  return custom?.find(request)?.label
}

/** What the policies say that ask nobody. Source: Istio `security/authz/builder`: deny, then allow. */
export function decide({ deny, allow }: CompiledRbac, request: AuthzRequest): Decision {
  return judge(deny, allow, request)
}

/** What the policies of a dry run would say, alone; `undefined`: there are none. */
export function decideShadow({ shadowDeny, shadowAllow }: CompiledRbac, request: AuthzRequest): Decision | undefined {
  return shadowDeny === undefined && shadowAllow === undefined ? undefined : judge(shadowDeny, shadowAllow, request)
}

function judge(deny: CompiledRbac['deny'], allow: CompiledRbac['allow'], request: AuthzRequest): Decision {
  const denies = deny?.find(request)
  if (denies !== undefined) return { allowed: false, policy: denies.label.name }
  if (allow === undefined) return ALLOWED
  const allows = allow.find(request)
  return allows === undefined ? DENIED : { allowed: true, policy: allows.label.name }
}

/** The policy that marks a request for the audit log. */
export function markedBy({ audit }: CompiledRbac, request: AuthzRequest): string | undefined {
  return audit?.find(request)?.label.name
}
