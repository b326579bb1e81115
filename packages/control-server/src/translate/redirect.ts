import { DEFAULT_REDIRECT_CODE, type DirectResponseAction, type RedirectAction } from '@weft/mesh-protocol'
import { REDIRECT_CODES } from '../config/http-status.ts'
import type { HttpDirectResponse, HttpRedirect } from '../config/spec/virtual-service.ts'

/**
 * A redirect for callers on `port`; `undefined` where its code is none that a redirect can have, which takes the action away
 * (Istio `route.go` `ApplyRedirect`). Ports that the scheme implies are left out by the receiver.
 */
export function redirectAction(redirect: HttpRedirect, port: number): RedirectAction | undefined {
  const { uri = '', prefixRewrite = '', authority = '', scheme = '', redirectCode = 0, derivePort } = redirect
  const responseCode = redirectCode === 0 ? DEFAULT_REDIRECT_CODE : redirectCode
  if (!REDIRECT_CODES.includes(responseCode)) return undefined
  const explicit = redirect.port ?? (derivePort === 'FROM_REQUEST_PORT' ? port : 0)
  return {
    ...(scheme === '' ? {} : { scheme }),
    ...(authority === '' ? {} : { host: authority }),
    ...(explicit === 0 ? {} : { port: explicit }),
    ...(explicit === 0 && derivePort !== undefined ? { derivePort } : {}),
    ...(uri === '' ? {} : { pathRedirect: uri }),
    ...(prefixRewrite === '' ? {} : { prefixRewrite }),
    responseCode,
  }
}

/** The highest status that there is; Istio takes 600 too, which no answer can have. */
const MAX_STATUS = 599

/** Bytes come in base64 of either alphabet, as in every protocol buffer's JSON. `undefined`: it cannot be answered. */
export function directResponseAction({ status, body }: HttpDirectResponse): DirectResponseAction | undefined {
  if (status > MAX_STATUS) return undefined
  if (body?.bytes !== undefined) {
    return { status, body: Buffer.from(body.bytes, 'base64').toString('base64'), bodyEncoding: 'base64' }
  }
  return { status, body: body?.string ?? '' }
}
