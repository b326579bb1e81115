import type { GrpcMethodMatch } from './grpc-route.ts'
import { regexPart } from './regex-part.ts'

/** How the path of a gRPC call, `/service/method`, is compared; a regex is RE2 and is about the whole. */
export type GrpcPath = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string }

/** A name of a service or a method, whichever. */
const ANY = '[^/]+'

/** What a match of services and methods comes to. `undefined`: every call. */
export function grpcPath({ type = 'Exact', service = '', method = '' }: GrpcMethodMatch): GrpcPath | undefined {
  if (service === '' && method === '') return undefined
  if (type === 'RegularExpression') return { regex: `/${part(service)}/${part(method)}` }
  if (method === '') return { prefix: `/${service}/` }
  return service === '' ? { regex: `/${ANY}/${method}` } : { exact: `/${service}/${method}` }
}

function part(pattern: string): string {
  return pattern === '' ? ANY : regexPart(pattern)
}
