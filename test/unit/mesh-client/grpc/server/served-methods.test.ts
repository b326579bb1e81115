import { Server, type ServiceDefinition } from '@grpc/grpc-js'
import { expect, test } from 'vitest'
import { servedMethods } from '../../../../../packages/mesh-client/src/grpc/server/served-methods.ts'

const bytes = (value: Buffer): Buffer => value
const PATH = '/shop.v1.Ratings/GetRating'
const SERVICE: ServiceDefinition = {
  getRating: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
}

test('methods are those that the server has when it is asked', () => {
  const server = new Server()
  const methods = servedMethods(server)
  expect(methods.isKnown(PATH)).toBe(false)
  server.addService(SERVICE, { getRating: () => undefined })
  expect(methods.isKnown(PATH)).toBe(true)
  expect(methods.isKnown('/shop.v1.Ratings/Made')).toBe(false)
  expect(methods.isTraced(PATH)).toBe(false)
  server.removeService(SERVICE)
  expect(methods.isKnown(PATH)).toBe(false)
})

test('a method is traced by others where its function was wrapped as it was registered', () => {
  const server = new Server()
  const { register } = server
  // As an instrumentation does it.
  server.register = function wrapping(this: Server, ...args: Parameters<Server['register']>) {
    const registered = register.apply(this, args)
    const { handlers } = this as unknown as { handlers: Map<string, { func: object }> }
    const handler = handlers.get(args[0])
    if (handler !== undefined) handler.func = Object.assign(() => undefined, { __wrapped: true })
    return registered
  } as Server['register']
  server.addService(SERVICE, { getRating: () => undefined })
  const methods = servedMethods(server)
  expect(methods.isTraced(PATH)).toBe(true)
  expect(methods.isTraced('/shop.v1.Ratings/Made')).toBe(false)
})

test('of a server that keeps its methods another way nothing is said', () => {
  const methods = servedMethods({} as unknown as Server)
  expect(methods.isKnown(PATH)).toBeUndefined()
  expect(methods.isTraced(PATH)).toBe(false)
})
