import { createRequire } from 'node:module'
import { MeshError } from '../kernel/errors.ts'
import { grpcJs, loadedGrpcJs } from './grpc-js.ts'

/** Classes of grpc-js whose objects come from outside. */
export type GrpcJsClass = 'Server' | 'ChannelCredentials' | 'Metadata'

/** What an object of the class has, in every version of the last years. */
const MARKS: Readonly<Record<GrpcJsClass, readonly string[]>> = {
  Server: ['addService', 'bindAsync', 'tryShutdown'],
  ChannelCredentials: ['compose', '_isSecure', '_equals'],
  Metadata: ['getMap', 'clone', 'toHttp2Headers'],
}

/**
 * An object of another copy of grpc-js fits in shape, and fails later in ways that nobody understands: registries, keys of
 * interceptors and `instanceof` are each copy's own.
 *
 * @param what names the object in the error, e.g. `the server given to serve()`
 * @throws MeshError `WEFT_CONFIG` for an object of another copy, with both versions and paths, and for anything else.
 */
export function checkSameCopy(value: unknown, kind: GrpcJsClass, what: string): void {
  if (value instanceof grpcJs[kind]) return
  throw new MeshError('WEFT_CONFIG', looksLike(value, kind) ? twoCopies(value, kind, what) : nothingLike(kind, what))
}

function looksLike(value: unknown, kind: GrpcJsClass): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    MARKS[kind].every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
  )
}

const nothingLike = (kind: GrpcJsClass, what: string): string => `${what} must be a ${kind} of @grpc/grpc-js.`

function twoCopies(value: object, kind: GrpcJsClass, what: string): string {
  const own = nameCopy({ version: loadedGrpcJs.version, folder: ownFolder() })
  const other = nameCopy(copyOf(value, kind))
  return (
    `${what} is of another copy of @grpc/grpc-js (${other}) than @weft/mesh-client works with (${own}). Have one copy in the ` +
    'tree: see `npm ls @grpc/grpc-js`, then `npm dedupe` or an entry of `overrides`.'
  )
}

/** Where a copy lies; fields that cannot be found out are `undefined`, as in a bundle. */
interface Copy {
  readonly version: string | undefined
  readonly folder: string | undefined
}

const nameCopy = ({ version = 'version unknown', folder }: Copy): string =>
  folder === undefined ? version : `${version} at ${folder}`

const ENTRY = /[\\/]build[\\/]src[\\/]index\.js$/

function ownFolder(): string | undefined {
  return attempt(() =>
    createRequire(import.meta.url)
      .resolve('@grpc/grpc-js')
      .replace(ENTRY, ''),
  )
}

/** Among the modules that are loaded: the one whose class has made the object. */
function copyOf(value: object, kind: GrpcJsClass): Copy {
  const require = attempt(() => createRequire(import.meta.url))
  const loaded = Object.values(require?.cache ?? {}).find((module) => {
    if (module === undefined || !ENTRY.test(module.filename)) return false
    const made: unknown = (module.exports as Readonly<Record<string, unknown>> | undefined)?.[kind]
    return typeof made === 'function' && value instanceof made
  })
  const folder = loaded?.filename.replace(ENTRY, '')
  const manifest = attempt(() => require?.(`${folder}/package.json`) as { readonly version?: string })
  return { folder, version: folder === undefined ? undefined : manifest?.version }
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
