import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

const LIMIT_MS = 20_000
const PAUSE_MS = 50

/**
 * Resolves when the control server knows that all of these serve: whoever calls next is to find all of them. The service is
 * the first word of a child's name.
 */
export async function untilRegistered(controlUrl: string, children: readonly Child[]): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  let missing = children
  for (;;) {
    const known = new Set((await Promise.all([...new Set(missing.map(serviceOf))].map(portsOf(controlUrl)))).flat())
    missing = missing.filter(({ url }) => !known.has(Number(new URL(url).port)))
    if (missing.length === 0) return
    if (performance.now() > deadline) throw new Error(`not registered: ${missing.map(({ name }) => name).join(', ')}`)
    await sleep(PAUSE_MS)
  }
}

const serviceOf = ({ name }: Child): string => name.split(' ', 1)[0] as string

const portsOf =
  (controlUrl: string) =>
  async (service: string): Promise<number[]> => {
    const response = await fetch(new URL(`/v1/services/default/${service}`, controlUrl))
    if (!response.ok) return []
    const { endpoints } = (await response.json()) as { endpoints: readonly { readonly port: number }[] }
    return endpoints.map(({ port }) => port)
  }
