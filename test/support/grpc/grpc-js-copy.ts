import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type * as grpc from '@grpc/grpc-js'

/** Where the copy lies that the workspace uses. */
export const GRPC_JS_FOLDER: string = realpathSync(
  path.dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json')),
)

/**
 * Puts a second copy of grpc-js below a folder, and loads it.
 *
 * @param version that the copy says it is; default: what it is
 */
export function copyOfGrpcJs(folder: string, version?: string): typeof grpc {
  const scope = path.join(folder, 'node_modules/@grpc')
  mkdirSync(scope, { recursive: true })
  cpSync(GRPC_JS_FOLDER, path.join(scope, 'grpc-js'), { recursive: true })
  // What it depends on lies beside it.
  symlinkSync(path.join(GRPC_JS_FOLDER, '../proto-loader'), path.join(scope, 'proto-loader'))
  symlinkSync(path.join(GRPC_JS_FOLDER, '../../@js-sdsl'), path.join(scope, '../@js-sdsl'))
  const manifest = path.join(scope, 'grpc-js/package.json')
  if (version !== undefined) {
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), version }))
  }
  return createRequire(path.join(folder, 'x.js'))('@grpc/grpc-js')
}
