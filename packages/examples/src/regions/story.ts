import type { Region } from './world.ts'

/** Something happens, and then these requests get these answers. */
export interface Step {
  readonly name: string
  /** A file of this folder. */
  readonly apply?: string
  readonly kill?: string
  readonly requests: readonly Request[]
}

interface Request {
  readonly from: Region
  readonly environment?: string
  /** All of these answers, and no other. */
  readonly answers: readonly string[]
}

const US = 'shop production us > cart production us > payments production us'
const EU = 'shop production eu > cart production eu > payments production eu'
const US_PAYS_IN_EU = 'shop production us > cart production us > payments production eu'
const STAGING = 'cart staging eu > payments staging eu'

export const STEPS: readonly Step[] = [
  {
    name: 'the rule of the mesh: near instances, and the version that the header names',
    apply: 'mesh-wide.yaml',
    requests: [
      { from: 'eu', answers: [EU] },
      { from: 'us', answers: [US] },
      { from: 'eu', environment: 'staging', answers: [`shop production eu > ${STAGING}`] },
      { from: 'us', environment: 'staging', answers: [`shop production us > ${STAGING}`] },
      { from: 'eu', environment: 'test', answers: ['shop production eu > cart test eu > payments answers 503'] },
    ],
  },
  {
    name: 'the exception of payments: tests share staging, and money is moved in the EU',
    apply: 'exception.yaml',
    requests: [
      { from: 'eu', environment: 'test', answers: ['shop production eu > cart test eu > payments staging eu'] },
      { from: 'us', answers: [US_PAYS_IN_EU] },
      { from: 'eu', answers: [EU] },
      { from: 'us', environment: 'staging', answers: [`shop production us > ${STAGING}`] },
    ],
  },
  {
    name: 'the mesh no longer looks at places, payments does',
    apply: 'anywhere.yaml',
    requests: [
      { from: 'us', answers: ['shop production us > cart production eu > payments production eu', US_PAYS_IN_EU] },
    ],
  },
  { name: 'it does again', apply: 'mesh-wide.yaml', requests: [{ from: 'us', answers: [US_PAYS_IN_EU] }] },
  {
    name: 'the only cart in us is killed',
    kill: 'cart production us',
    requests: [
      { from: 'us', answers: ['shop production us > cart production eu > payments production eu'] },
      { from: 'eu', answers: [EU] },
    ],
  },
]
