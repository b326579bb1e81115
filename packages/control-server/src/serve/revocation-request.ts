import { parseSpiffeId } from '@weft/mesh-protocol'
import { plainSerial } from '../ca/pem.ts'
import { isDnsLabel, isDnsSubdomain } from '../config/names.ts'
import { refusal } from './status.ts'

/** What is to be revoked. */
export type Revocable =
  | { readonly kind: 'identity'; readonly namespace: string; readonly serviceAccount: string }
  | { readonly kind: 'serial'; readonly serial: string }

const SERIAL = /^[0-9a-f]{1,40}$/

/** `{ identity }`, as `spiffe://…` or `namespace/service-account`, or `{ serial }` in hex; colons and capitals are taken. */
export function readRevocable(body: Readonly<Record<string, unknown>>): Revocable {
  const { identity, serial } = body
  if ((identity === undefined) === (serial === undefined)) throw refused('', 'must have either identity or serial')
  if (serial !== undefined) {
    const plain = typeof serial === 'string' ? plainSerial(serial) : ''
    if (!SERIAL.test(plain)) throw refused('serial', 'must be the serial of a certificate in hex')
    return { kind: 'serial', serial: plain }
  }
  const id = typeof identity === 'string' ? (parseSpiffeId(identity) ?? parseShort(identity)) : undefined
  if (id === undefined) {
    throw refused(
      'identity',
      'must be spiffe://trust-domain/ns/namespace/sa/service-account, or namespace/service-account',
    )
  }
  return { kind: 'identity', namespace: id.namespace, serviceAccount: id.serviceAccount }
}

function parseShort(text: string): { namespace: string; serviceAccount: string } | undefined {
  const [namespace = '', serviceAccount = '', ...rest] = text.split('/')
  const isName = isDnsLabel(namespace) && isDnsSubdomain(serviceAccount)
  return isName && rest.length === 0 ? { namespace, serviceAccount } : undefined
}

function refused(field: string, message: string): Error {
  return refusal(400, 'The revocation is refused', [{ field, message }])
}
