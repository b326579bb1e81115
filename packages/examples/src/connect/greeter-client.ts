import { type Client, createClient } from '@connectrpc/connect'
import type { Mesh } from '@weft/mesh-client'
import { Greeter } from './gen/greeter-pb.ts'
import { meshTransport } from './mesh-transport.ts'

/** Connect's client of the greeter of `grpc-canary`; `npx buf generate` or protoc-gen-es makes what it is typed by. */
export function greeterClient(mesh: Mesh, baseUrl = 'http://greeter:50051'): Client<typeof Greeter> {
  return createClient(Greeter, meshTransport(mesh, baseUrl))
}
