import { readFileSync } from 'node:fs'
import path from 'node:path'
import { MeshError } from '@weft/mesh-client'
import { describe, expect, test } from 'vitest'
import { checkGrpcJs, isWantedGrpcJs, WANTED_GRPC_JS } from '../../../../packages/mesh-client/src/grpc/peer-check.ts'
import { ROOT } from '../../../support/source-files.ts'

function refusalOf(check: () => void): MeshError {
  try {
    check()
  } catch (error) {
    if (MeshError.isMeshError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the range of grpc-js', () => {
  test('is the one that package.json tells package managers', () => {
    const manifest = JSON.parse(readFileSync(path.join(ROOT, 'packages/mesh-client/package.json'), 'utf8'))
    expect(manifest.peerDependencies['@grpc/grpc-js']).toBe(WANTED_GRPC_JS)
    expect(manifest.peerDependenciesMeta['@grpc/grpc-js']).toEqual({ optional: true })
  })

  test.each([
    ['1.14.7', true],
    ['1.14.8', true],
    ['1.14.12', true],
    ['1.14.70', true],
    ['1.14.8-pre1', true],
    ['1.14.7+build.5', true],
    ['1.14.6', false],
    ['1.14.0', false],
    ['1.14.7-pre1', false],
    ['1.13.4', false],
    ['1.15.0', false],
    ['1.15.0-pre1', false],
    ['1.1.147', false],
    ['11.14.7', false],
    ['2.14.7', false],
    ['1.14', false],
    ['1.14.x', false],
    ['latest', false],
    ['', false],
  ])('%s: %s', (version, wanted) => {
    expect(isWantedGrpcJs(version)).toBe(wanted)
  })
})

describe('what is found', () => {
  test('is taken within the range, and where it does not say which version it is', () => {
    checkGrpcJs({ found: true, version: '1.14.9', error: undefined })
    checkGrpcJs({ found: true, version: undefined, error: undefined })
  })

  test('outside the range is refused: what was found, what is wanted, what to do', () => {
    const refusal = refusalOf(() => checkGrpcJs({ found: true, version: '1.13.4', error: undefined }))
    expect(refusal.code).toBe('WEFT_CONFIG')
    expect(refusal.message).toBe(
      '@weft/mesh-client/grpc works with @grpc/grpc-js ~1.14.7, but found 1.13.4. ' +
        "Install it: npm install '@grpc/grpc-js@~1.14.7'.",
    )
  })

  test('nothing is refused with the error of the module that is missing', () => {
    const error = Object.assign(new Error("Cannot find module '@grpc/grpc-js'"), { code: 'MODULE_NOT_FOUND' })
    const refusal = refusalOf(() => checkGrpcJs({ found: false, version: undefined, error }))
    expect(refusal).toMatchObject({ code: 'WEFT_CONFIG', cause: error })
    expect(refusal.message).toBe(
      '@weft/mesh-client/grpc needs the package @grpc/grpc-js ~1.14.7, but it is not installed. ' +
        "Install it: npm install '@grpc/grpc-js@~1.14.7'.",
    )
  })

  test('something that cannot be loaded is refused with the reason', () => {
    const error = new SyntaxError('Unexpected token')
    const refusal = refusalOf(() => checkGrpcJs({ found: false, version: undefined, error }))
    expect(refusal.message).toContain('but it cannot be loaded: Unexpected token.')
  })
})
