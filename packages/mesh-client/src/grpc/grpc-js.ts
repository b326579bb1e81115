import loaded from '../../grpc-js.cjs'

/** The module of @grpc/grpc-js, as types. */
export type GrpcJs = typeof import('@grpc/grpc-js')

/**
 * The copy of @grpc/grpc-js that is found from here: the one file whose values the library takes from it. It is an optional peer:
 * where there is none this is an empty object, and `meshGrpc` refuses before anything of it is asked for. So nothing of it may be
 * taken while modules load: no class of Weft extends one of its own but in a function.
 */
export const grpcJs: GrpcJs = loaded.grpc ?? ({} as GrpcJs)

/** What `peer-check.ts` judges. */
export interface LoadedGrpcJs {
  /** False: it is not installed, or cannot be loaded. */
  readonly found: boolean
  readonly version: string | undefined
  readonly error: unknown
}

export const loadedGrpcJs: LoadedGrpcJs = {
  found: loaded.grpc !== undefined,
  version: loaded.version,
  error: loaded.error,
}
