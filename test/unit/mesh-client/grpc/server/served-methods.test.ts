import { createRequire } from 'node:module'
import { Server, type ServiceDefinition } from '@grpc/grpc-js'
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc'
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
  const before = new Server()
  before.addService(SERVICE, { getRating: () => undefined })
  const instrumentation = new GrpcInstrumentation()
  try {
    // It wraps the classes of grpc-js when somebody requires it.
    createRequire(import.meta.url)('@grpc/grpc-js')
    const server = new Server()
    server.addService(SERVICE, { getRating: () => undefined })
    const methods = servedMethods(server)
    expect(methods.isTraced(PATH)).toBe(true)
    expect(methods.isTraced('/shop.v1.Ratings/Made')).toBe(false)
    expect(servedMethods(before).isTraced(PATH)).toBe(false)
  } finally {
    instrumentation.disable()
  }
})

test('of a server that keeps its methods another way nothing is said', () => {
  const methods = servedMethods({} as unknown as Server)
  expect(methods.isKnown(PATH)).toBeUndefined()
  expect(methods.isTraced(PATH)).toBe(false)
})
