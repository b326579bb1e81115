import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { MeshError } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSameCopy, type GrpcJsClass } from '../../../../packages/mesh-client/src/grpc/peer-check-copies.ts'
import { copyOfGrpcJs, GRPC_JS_FOLDER } from '../../../support/grpc/grpc-js-copy.ts'

let root: string
/** The same version once more, and one that says it is older. */
let twin: typeof grpc
let older: typeof grpc

beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'weft-copies-')))
  twin = copyOfGrpcJs(path.join(root, 'twin'))
  older = copyOfGrpcJs(path.join(root, 'older'), '1.13.4')
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

function refusal(value: unknown, kind: GrpcJsClass): string {
  try {
    checkSameCopy(value, kind, 'The thing')
  } catch (error) {
    if (MeshError.isMeshError(error) && error.code === 'WEFT_CONFIG') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

const made = (copy: typeof grpc): readonly (readonly [GrpcJsClass, object])[] => [
  ['Server', new copy.Server()],
  ['ChannelCredentials', copy.credentials.createInsecure()],
  ['ChannelCredentials', copy.credentials.createSsl()],
  ['Metadata', new copy.Metadata()],
]

describe('objects of grpc-js', () => {
  test('of the copy that the library works with are taken', () => {
    for (const [kind, value] of made(grpc)) checkSameCopy(value, kind, 'The thing')
  })

  test('of another copy are refused with versions and paths of both, and with what to do', () => {
    for (const [kind, value] of made(older)) {
      expect(refusal(value, kind)).toBe(
        `The thing is of another copy of @grpc/grpc-js (1.13.4 at ${root}/older/node_modules/@grpc/grpc-js) than ` +
          `@weft/mesh-client works with (1.14.7 at ${GRPC_JS_FOLDER}). Have one copy in the tree: see \`npm ls @grpc/grpc-js\`, ` +
          'then `npm dedupe` or an entry of `overrides`.',
      )
    }
  })

  test('of another copy of the same version are refused too', () => {
    for (const [kind, value] of made(twin)) {
      expect(refusal(value, kind)).toContain(`(1.14.7 at ${root}/twin/node_modules/@grpc/grpc-js)`)
    }
  })

  test('that look like none of any copy are told from those', () => {
    for (const value of [undefined, null, 1, {}, { addService() {} }, new Map()]) {
      expect(refusal(value, 'Server')).toBe('The thing must be a Server of @grpc/grpc-js.')
    }
  })
})
