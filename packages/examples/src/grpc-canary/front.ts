// What the world sees: HTTP, answered by gRPC. /hello greets once, /hellos?times=3 by a stream of greetings.
import type { IncomingMessage } from 'node:http'
import { type ServiceError, status } from '@grpc/grpc-js'
import { createMesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { json, LISTEN, notFound, onTerminate } from '../bookinfo/http.ts'
import { GreeterClient, type HelloReply, type HelloRequest } from './gen/greeter.ts'
import { hop } from './hop.ts'

// Who tests is told by a header, which follows the calls below as metadata.
const mesh = createMesh({ service: 'front', propagate: ['x-tester'], dependencies: ['greeter'] })
const grpc = meshGrpc(mesh)
const greeter = new GreeterClient('weft:///greeter:50051', grpc.credentials(), grpc.channelOptions())

function sayHello(request: HelloRequest): Promise<HelloReply> {
  return new Promise((resolve, reject) => {
    greeter.sayHello(request, (error, reply) => (error === null ? resolve(reply) : reject(error)))
  })
}

async function sayHellos(request: HelloRequest): Promise<readonly HelloReply[]> {
  const replies: HelloReply[] = []
  for await (const reply of greeter.sayHellos(request)) replies.push(reply as HelloReply)
  return replies
}

function leftMs({ headers }: IncomingMessage): number {
  return Number(headers['x-envoy-expected-rq-timeout-ms'] ?? Number.POSITIVE_INFINITY)
}

const server = await mesh.serve(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://front')
  const name = searchParams.get('name') ?? 'world'
  const language = searchParams.get('language') ?? 'en'
  const times = Number(searchParams.get('times') ?? 1)
  const ownHop = hop('front', leftMs(request))
  try {
    if (pathname === '/hello') {
      const reply = await sayHello({ name, language, times: 1 })
      return json(response, { ...reply, hops: [ownHop, ...reply.hops] })
    }
    if (pathname === '/hellos') return json(response, await sayHellos({ name, language, times }))
    notFound(response, pathname)
  } catch (error) {
    const { code, details } = error as ServiceError
    json(response, { error: status[code], details }, code === status.DEADLINE_EXCEEDED ? 504 : 502)
  }
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
