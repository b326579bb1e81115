import grpcJs, { Server } from '@grpc/grpc-js'
import { afterEach, expect, test } from 'vitest'
import {
  boundBesides,
  isOfServer,
  isShutDown,
  makeHttp2Server,
  methodsOf,
} from '../../../../../packages/mesh-client/src/grpc/server/grpc-server.ts'

/** As a later release of grpc-js could be. */
type Inside = Record<'http2Servers' | 'handlers' | 'commonServerOptions', unknown>
const insideOf = (server: Server): Inside => server as unknown as Inside

const servers: Server[] = []
function newServer(): Server {
  const server = new Server({ 'grpc-node.max_session_memory': 7 })
  servers.push(server)
  return server
}
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown()
})

test('grpc-js makes the http2 server, with the options of the Server before ours, and keeps none of ours', () => {
  const server = newServer()
  const before = { ...(insideOf(server).commonServerOptions as object) }
  const { http2, injector } = makeHttp2Server(grpcJs, server, { streamResetBurst: 5, maxSessionMemory: 1 })
  expect(http2.listenerCount('stream')).toBe(1)
  expect(isOfServer(server, http2)).toBe(true)
  expect(insideOf(server).commonServerOptions).toEqual(before)
  const options = Object.getOwnPropertySymbols(http2).map((symbol) => (http2 as never)[symbol] as unknown)
  expect(options).toContainEqual(expect.objectContaining({ streamResetBurst: 5, maxSessionMemory: 7 }))
  injector.destroy()
})

test('each injector has a server of its own', () => {
  const server = newServer()
  const first = makeHttp2Server(grpcJs, server, {})
  const second = makeHttp2Server(grpcJs, server, {})
  expect(second.http2).not.toBe(first.http2)
})

test.each([
  ['nowhere', undefined],
  ['in something else', []],
])('a release that keeps its servers %s is refused with what to do', (_name, http2Servers) => {
  const server = newServer()
  const { createConnectionInjector } = server
  server.createConnectionInjector = (credentials) => {
    const injector = createConnectionInjector.call(server, credentials)
    insideOf(server).http2Servers = http2Servers
    return { ...injector, destroy: () => undefined }
  }
  const kept = insideOf(server).http2Servers
  expect(() => makeHttp2Server(grpcJs, server, {})).toThrow(/~1\.14\.7/)
  insideOf(server).http2Servers = kept
})

test('what is not where it was is left as it is', () => {
  const server = newServer()
  const { handlers, commonServerOptions } = insideOf(server)
  Object.assign(insideOf(server), { handlers: undefined, commonServerOptions: undefined })
  expect(methodsOf(server)).toBeUndefined()
  expect(makeHttp2Server(grpcJs, server, { streamResetBurst: 5 }).http2.listening).toBe(false)
  Object.assign(insideOf(server), { handlers, commonServerOptions })
  expect(boundBesides(server)).toEqual([])
  expect(isShutDown(server)).toBe(false)
  server.forceShutdown()
  expect(isShutDown(server)).toBe(true)
})
