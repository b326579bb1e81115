import { CONTROL_HEADERS, withControls } from '../../call/caller-controls.ts'
import { isGrpcContentType } from '../../kernel/grpc-content-type.ts'
import { ATTEMPT_COUNT_HEADER, GRPC_TIMEOUT_HEADER } from '../../kernel/header-names.ts'
import type { CompiledRoute } from '../../routing/route-table.ts'
import { FIRST_GIVEN, findHeader, type RequestHeaders } from './request-headers.ts'

const CONTROL_PREFIX = 'x-envoy-'
const LOWER_X = 0x78
const LOWER_G = 0x67

/** Whether a request may carry anything that changes how it is sent. Most do not, and pay for a look at the first letters. */
export function mayControl(headers: readonly string[]): boolean {
  for (let index = FIRST_GIVEN; index < headers.length; index += 2) {
    const name = headers[index] as string
    const first = name.charCodeAt(0)
    if (first === LOWER_X && name.startsWith(CONTROL_PREFIX)) return true
    if (first === LOWER_G && name === GRPC_TIMEOUT_HEADER) return true
  }
  return false
}

/** The route as the caller wants it for this call; the headers that say so are taken away, as by Envoy. */
export function takeControls(route: CompiledRoute, headers: RequestHeaders): CompiledRoute {
  const controlled = withControls(route, (name) => findHeader(headers, name))
  let kept = FIRST_GIVEN
  for (let index = FIRST_GIVEN; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (CONTROL_HEADERS.has(name) || name === ATTEMPT_COUNT_HEADER) continue
    headers[kept] = name
    headers[kept + 1] = headers[index + 1] as string
    kept += 2
  }
  headers.length = kept
  return { ...route, ...controlled }
}

/** Whether the request is one of gRPC whose caller says how long it waits. */
export function tellsGrpcTimeout(headers: readonly string[]): boolean {
  if (findHeader(headers, GRPC_TIMEOUT_HEADER) === undefined) return false
  return isGrpcContentType(findHeader(headers, 'content-type') ?? '')
}
