import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Child } from '../demo/child.ts'
import { ControlApi } from '../demo/control-api.ts'
import { startControl } from '../demo/control-process.ts'
import { type EndpointsOf, endpointsAt } from '../demo/registered.ts'

/** `export NAME=value`, for whoever goes through a page. */
export type Variable = readonly [name: string, value: string]

/** Who a sample is. */
interface Whose {
  readonly namespace: string
  readonly service: string
  readonly serviceAccount: string
}

/** The control server of the samples. */
export interface Control {
  readonly url: string
  readonly variables: readonly Variable[]
  /** What a process joins with, as variables of its environment. */
  readonly identityOf: (whose: Whose) => Promise<Readonly<Record<string, string>>>
  readonly endpointsOf: EndpointsOf
}

interface ControlOptions {
  /** Whether everybody has to say who he is. Such a server is always one of its own. */
  readonly secure?: boolean
  readonly listen?: string
  /** Given the server, where one is started. */
  readonly onChild: (child: Child) => void
}

const DEFAULT_LISTEN = '127.0.0.1:15800'

/** Starts a control server, unless `WEFT_CONTROL` names one that is to be used. */
export async function openControl({ secure = false, listen, onChild }: ControlOptions): Promise<Control> {
  const { WEFT_CONTROL: given = '', WEFT_LISTEN = DEFAULT_LISTEN } = process.env
  if (given !== '' && !secure) return openTo(given)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'weft-samples-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const control = await startControl(folder, listen ?? WEFT_LISTEN, secure ? ['--secure'] : [])
  onChild(control)
  const url = control.url.replace(/\/$/, '')
  return secure ? secured(url, folder) : openTo(url)
}

function openTo(url: string): Control {
  return {
    url,
    variables: [['WEFT_CONTROL', url]],
    identityOf: async () => ({}),
    endpointsOf: endpointsAt(url),
  }
}

async function secured(url: string, folder: string): Promise<Control> {
  const api = await ControlApi.open(url, folder)
  return {
    url,
    variables: [
      ['WEFT_CONTROL', url],
      ['WEFT_TOKEN_FILE', path.join(folder, 'admin-token')],
      ['SAMPLES', folder],
    ],
    async identityOf({ namespace, service, serviceAccount }) {
      const token = await api.joinToken(serviceAccount, service, namespace)
      return { WEFT_TOKEN: token, WEFT_TOKEN_FILE: '', WEFT_SERVICE_ACCOUNT: serviceAccount }
    },
    endpointsOf: (service, namespace) => api.endpoints(service, namespace),
  }
}
