import { CONTROL_HEADERS, withControls } from '../../call/caller-controls.ts'
import { isGrpcContentType } from '../../kernel/grpc-content-type.ts'
import { ATTEMPT_COUNT_HEADER, GRPC_TIMEOUT_HEADER } from '../../kernel/header-names.ts'
import type { CompiledRoute } from '../../routing/route-table.ts'
import { FIRST_GIVEN, findHeader, type RequestHeaders } from './request-headers.ts'

const CONTROL_PREFIX = 'x-envoy-'
const LOWER_X = 0x78
const LOWER_G = 0x67
const LOWER_C = 0x63

/** The request may carry something that changes how it is sent. */
export const CONTROLS = 1
/** It is one of gRPC. */
export const GRPC = 2

/**
 * What the headers of a request make of it: {@link CONTROLS} and {@link GRPC}, added up. Most are neither, and pay for a
 * look at the first letters.
 */
export function traitsOf(headers: readonly string[]): number {
  let traits = 0
  for (let index = FIRST_GIVEN; index < headers.length; index += 2) {
    const name = headers[index] as string
    const first = name.charCodeAt(0)
    if (first === LOWER_X) {
      if (name.startsWith(CONTROL_PREFIX)) traits |= CONTROLS
    } else if (first === LOWER_C) {
      if (name === 'content-type' && isGrpcContentType(headers[index + 1] as string)) traits |= GRPC
    } else if (first === LOWER_G && name === GRPC_TIMEOUT_HEADER) traits |= CONTROLS
  }
  return traits
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
