import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type * as grpc from '@grpc/grpc-js'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { type MeshGrpc, meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GreeterService } from '../support/grpc/gen/greeter.ts'
import { copyOfGrpcJs, GRPC_JS_FOLDER } from '../support/grpc/grpc-js-copy.ts'
import { openMeshScene } from '../support/mesh-scene.ts'

/*
 * An application whose grpc-js is not the library's: told at once, and what to do, instead of by what fails later.
 */

let root: string
let other: typeof grpc
let mesh: Mesh
let own: MeshGrpc
const quiet = (): void => undefined
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'weft-two-copies-')))
  other = copyOfGrpcJs(root, '1.13.4')
  mesh = createMesh({ control: 'http://127.0.0.1:1', service: 'caller', localDirectory: false, logger })
  own = meshGrpc(mesh)
})
afterAll(async () => {
  await mesh.close()
  rmSync(root, { recursive: true, force: true })
})

const told = (what: string): object =>
  expect.objectContaining({
    code: 'WEFT_CONFIG',
    message:
      `${what} is of another copy of @grpc/grpc-js (1.13.4 at ${root}/node_modules/@grpc/grpc-js) than @weft/mesh-client ` +
      `works with (1.14.7 at ${GRPC_JS_FOLDER}). Have one copy in the tree: see \`npm ls @grpc/grpc-js\`, then \`npm dedupe\` ` +
      'or an entry of `overrides`.',
  })

const TARGET = 'weft:///greeter:50051'
type Stub = grpc.Client & { hello(request: object, callback: () => void): void }

function stub(credentials: grpc.ChannelCredentials): Stub {
  const { makeGenericClientConstructor } = other
  const Greeter = makeGenericClientConstructor(GreeterService, 'weft.test.Greeter')
  return new Greeter(TARGET, credentials, own.channelOptions()) as unknown as Stub
}

describe('of another copy of grpc-js', () => {
  test('credentials are refused where the client is made', () => {
    expect(() => stub(other.credentials.createInsecure())).toThrow(
      told(`What the client of ${TARGET} was given as credentials`),
    )
  })

  test('a client is refused with its first call, before and after it is known where that leads', async () => {
    const undecided = stub(own.credentials())
    expect(() => undecided.hello({ name: 'ann' }, () => undefined)).toThrow(told(`The client of ${TARGET}`))
    await using scene = await openMeshScene()
    await scene.serve('greeter', 'v1', () => undefined)
    own = meshGrpc(scene.join({ service: 'caller' }))
    const callers = stub(own.credentials())
    const refusal = (): unknown => {
      try {
        callers.hello({ name: 'ann' }, () => undefined)
        return undefined
      } catch (error) {
        return error
      }
    }
    expect(refusal()).toEqual(told(`The client of ${TARGET}`))
  })

  test('a server is refused where it is served', async () => {
    await expect(own.serve(new other.Server())).rejects.toThrow(told('the server given to serve()'))
  })
})
