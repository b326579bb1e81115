import type { CertificateRequest, Result } from '@weft/mesh-protocol'
import { isPassing, saying } from '../kernel/control-answer.ts'
import type { KeyWithRequest } from './certificate-signing-request.ts'
import { readCertificateResponse, type Svid } from './svid.ts'

/** How a request reaches a control server: rejects where there is no answer. */
export type SendToControl = (request: {
  readonly method: 'POST'
  readonly url: string
  readonly body: CertificateRequest
  readonly timeoutMs: number
  /** Leaves the token out, so that nothing but the certificate of the connection says who asks. */
  readonly withoutToken?: boolean
}) => Promise<{ readonly status: number; readonly text: string }>

export interface CertificateAsker {
  readonly send: SendToControl
  readonly workloadId: string
  /** Makes a key and a request for a certificate of it. */
  readonly newKey: () => Promise<KeyWithRequest>
}

/** What came of a request. */
export type CertificateAnswer =
  | { readonly kind: 'granted'; readonly svid: Svid }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string }

/** For an answer: a CA outside of the control server may take some time. */
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Makes a key and asks one control server for its certificate. With `byCertificate` the certificate that is held is the proof,
 * and the token only where that is refused. Never rejects.
 */
export async function requestCertificate(
  { send, workloadId, newKey }: CertificateAsker,
  base: string,
  byCertificate: boolean,
): Promise<CertificateAnswer> {
  const { privateKey, csr } = await newKey()
  const ask = async (withoutToken: boolean): Promise<CertificateAnswer> => {
    const request = {
      method: 'POST',
      url: `${base}/v1/certificates`,
      body: { csr, workloadId },
      timeoutMs: REQUEST_TIMEOUT_MS,
    } as const
    try {
      const { status, text } = await send(withoutToken ? { ...request, withoutToken } : request)
      return readAnswer(base, status, text, (body) => readCertificateResponse(body, privateKey))
    } catch (error) {
      return { kind: 'unreachable', reason: `${base}: ${(error as Error).message}` }
    }
  }
  const answer = await ask(byCertificate)
  return byCertificate && answer.kind !== 'granted' ? ask(false) : answer
}

function readAnswer(
  base: string,
  status: number,
  text: string,
  read: (body: unknown) => Result<Svid, string>,
): CertificateAnswer {
  if (status < 200 || status >= 300) {
    const reason = `${base} answered ${status}${saying(text)}`
    return { kind: isPassing(status) ? 'unreachable' : 'refused', reason }
  }
  const svid = read(parsed(text))
  if (svid.ok) return { kind: 'granted', svid: svid.value }
  return { kind: 'refused', reason: `${base} answered with what is no certificate for this process: ${svid.error}` }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
