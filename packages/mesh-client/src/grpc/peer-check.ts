import { MeshError } from '../kernel/errors.ts'
import type { LoadedGrpcJs } from './grpc-js.ts'

/** What of @grpc/grpc-js the library works with, as its package.json says too: `>= 1.14.7` and `< 1.15`. */
export const WANTED_GRPC_JS = '~1.14.7'

const OLDEST_PATCH = 7
const MINOR = /^1\.14\.(\d+)(?:-|\+|$)/
/** Comes before the release that it is named after. SemVer 11. */
const OLDEST_PRERELEASE = /^1\.14\.7-/

/** @param version as package.json says it */
export function isWantedGrpcJs(version: string): boolean {
  const patch = MINOR.exec(version)?.[1]
  return patch !== undefined && Number(patch) >= OLDEST_PATCH && !OLDEST_PRERELEASE.test(version)
}

/**
 * Below the range a peer's certificate counts as proven that is not, and retries start after a cancel; above it the interfaces that this
 * library plugs into may be others, as nothing promises that they stay. A copy that does not say its version is taken.
 *
 * @throws MeshError `WEFT_CONFIG`: what was found, what is wanted, what to do.
 */
export function checkGrpcJs({ found, version, error }: LoadedGrpcJs): void {
  if (!found) throw new MeshError('WEFT_CONFIG', missing(error), { cause: error })
  if (version === undefined || isWantedGrpcJs(version)) return
  throw new MeshError(
    'WEFT_CONFIG',
    `@weft/mesh-client/grpc works with @grpc/grpc-js ${WANTED_GRPC_JS}, but found ${version}. ${INSTALL}`,
  )
}

const INSTALL = `Install it: npm install '@grpc/grpc-js@${WANTED_GRPC_JS}'.`

function missing(error: unknown): string {
  const absent = (error as NodeJS.ErrnoException | undefined)?.code === 'MODULE_NOT_FOUND'
  const why = absent ? 'it is not installed' : `it cannot be loaded: ${error instanceof Error ? error.message : error}`
  return `@weft/mesh-client/grpc needs the package @grpc/grpc-js ${WANTED_GRPC_JS}, but ${why}. ${INSTALL}`
}
