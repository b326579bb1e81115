import type { Model } from '../registry/model.ts'
import type { ClientScope } from './client-scope.ts'
import type { PolicyIndex } from './policy-index.ts'

/** Everything that a translation may look at. */
export interface TranslateContext {
  readonly model: Model
  readonly policies: PolicyIndex
  readonly client: ClientScope
}

/** A wire resource before it has got its version, which is made from its content. */
export type Unversioned<R extends { readonly version: string }> = Omit<R, 'version'>
