import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { Action, ClaimedWorkload } from './action.ts'
import { isOwnAddress } from './address-rule.ts'
import { type Caller, type Grant, isSameHolder, type WorkloadCaller } from './caller.ts'
import { type AuthRefusal, forbidden, unauthenticated } from './refusal.ts'

/** Whether somebody may do something; `undefined`: yes. */
export function authorize(caller: Caller, action: Action): AuthRefusal | undefined {
  if (caller.kind === 'anonymous') return action.kind === 'get-certificate' ? NO_IDENTITY : undefined
  if (caller.kind === 'api') return authorizeGrant(caller, action, 'This credential')
  return authorizeWorkload(caller, action)
}

/** Whoever can reach a server that asks nobody may do everything but be given an identity, as there is none to give. */
const NO_IDENTITY: AuthRefusal = unauthenticated(
  'A certificate names who has proven it: present a join token (weft token create), a service-account token of Kubernetes, or a certificate that is still good.',
)

function authorizeGrant({ role, namespaces }: Grant, action: Action, who: string): AuthRefusal | undefined {
  switch (action.kind) {
    case 'read':
    case 'look-around':
      return undefined
    case 'write':
      return role === 'viewer' ? needs(who, role, 'operator') : undefined
    case 'write-to':
      return role === 'viewer' ? needs(who, role, 'operator') : mayWriteTo(action.namespace, namespaces)
    case 'get-certificate':
      return forbidden(`${who} is one for the API, and a certificate is given to workloads: present a join token.`)
    default:
      return role === 'admin' ? undefined : needs(who, role, 'admin')
  }
}

function mayWriteTo(namespace: string | undefined, namespaces: readonly string[] | undefined): AuthRefusal | undefined {
  if (namespaces === undefined) return undefined
  if (namespace !== undefined && namespace !== ROOT_NAMESPACE && namespaces.includes(namespace)) return undefined
  const where =
    namespace === undefined || namespace === ROOT_NAMESPACE
      ? 'what holds for the whole mesh'
      : `the namespace ${namespace}`
  return forbidden(`This credential may write in ${namespaces.join(', ')}, not ${where}.`)
}

function needs(who: string, role: string, needed: string): AuthRefusal {
  return forbidden(`${who} has the role ${role}, and this takes ${needed}.`)
}

function authorizeWorkload(caller: WorkloadCaller, action: Action): AuthRefusal | undefined {
  switch (action.kind) {
    case 'take-part':
    case 'look-around':
    case 'get-certificate':
      return undefined
    case 'open-stream':
      return isSelf(caller, action.node, 'open a stream as') ?? servesOwn(caller, [action.node.service])
    case 'act-as':
      return isSelf(caller, action.registered, 'act for a workload of')
    case 'send-message':
      return isSameHolder(caller, action.opener)
        ? undefined
        : forbidden('This stream was opened by somebody else: messages come from whoever opened it.')
    case 'register':
      return (
        isSelf(caller, action.registration, 'register as') ??
        servesOwn(caller, [action.registration.service, ...action.registration.selectedBy]) ??
        isAtOwn(caller, action)
      )
    default:
      return caller.grant === undefined
        ? forbidden(
            `${identityText(caller)} is a workload and reaches its own stream, registration and certificate only: use an API token, or give its identity a role.`,
          )
        : authorizeGrant(caller.grant, action, `The identity ${identityText(caller)}`)
  }
}

const identityText = ({ namespace, serviceAccount }: ClaimedWorkload): string => `${namespace}/${serviceAccount}`

function isSelf(caller: WorkloadCaller, claimed: ClaimedWorkload, what: string): AuthRefusal | undefined {
  if (caller.namespace === claimed.namespace && caller.serviceAccount === claimed.serviceAccount) return undefined
  return forbidden(
    `The credential is of namespace and service account ${identityText(caller)}, which may not ${what} ${identityText(claimed)}.`,
  )
}

function servesOwn({ services }: WorkloadCaller, claimed: readonly string[]): AuthRefusal | undefined {
  if (services === undefined) return undefined
  const others = claimed.filter((service) => service !== '' && !services.includes(service))
  if (others.length === 0) return undefined
  return forbidden(
    `The token is for ${services.join(', ')}, not for ${others.join(', ')}: name it with --service when the token is made, or change the labels that select it.`,
  )
}

function isAtOwn(caller: WorkloadCaller, action: Extract<Action, { kind: 'register' }>): AuthRefusal | undefined {
  const { registration, remoteAddress, hostAddresses } = action
  const { address } = registration
  if (isOwnAddress({ address, remoteAddress, hostAddresses, ranges: caller.addresses ?? [] })) return undefined
  return forbidden(
    `${address} is not an address of this workload, which calls from ${remoteAddress}: register that one (WEFT_ADDRESS), or make the token with --address for the range that it is in.`,
  )
}
