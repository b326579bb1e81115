import type { ConfigResource } from '../config/resource.ts'
import type { Code, Severity } from './codes.ts'

/** One resource of the mesh as it would be. */
export interface Subject<Spec = ConfigResource['spec']> {
  readonly resource: ConfigResource<Spec>
  /** Which of the given documents it is; absent: it is stored already. */
  readonly item?: number
}

/** What a rule has to say of one resource. */
export interface Finding {
  readonly code: Code
  readonly subject: Subject<unknown>
  readonly field: string
  readonly message: string
  /** Default: that of the code. */
  readonly severity?: Severity
}

/** Of whom a message is; empty where the resource does not say. */
export interface MessageResource {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** A finding as it is told. */
export interface AnalysisMessage {
  readonly code: Code
  readonly severity: Severity
  readonly resource: MessageResource
  /** Path in the resource; empty: it is about the resource as a whole. */
  readonly field: string
  readonly message: string
  readonly remedy: string
  /** Which of the given resources it is, from 0. */
  readonly item: number
  /** Line in the input, from 1, where it can be told. */
  readonly line?: number
}
