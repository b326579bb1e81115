import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

const LIMIT_MS = 20_000
const PAUSE_MS = 50

/** Where a service is served, as the control server has it. */
export type EndpointsOf = (service: string, namespace: string) => Promise<readonly { readonly port: number }[]>

/**
 * Resolves when the control server knows that all of these serve: whoever calls next is to find all of them. The service is
 * the first word of a child's name, with its namespace behind a dot where that is not `default`.
 */
export async function untilRegistered(endpointsOf: EndpointsOf, children: readonly Child[]): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  let missing = children
  for (;;) {
    const services = [...new Set(missing.map(serviceOf))]
    const endpoints = await Promise.all(
      services.map((service) => {
        const [name = '', namespace = 'default'] = service.split('.')
        return endpointsOf(name, namespace)
      }),
    )
    const known = new Set(endpoints.flat().map(({ port }) => port))
    missing = missing.filter(({ url }) => !known.has(Number(new URL(url).port)))
    if (missing.length === 0) return
    if (performance.now() > deadline) throw new Error(`not registered: ${missing.map(({ name }) => name).join(', ')}`)
    await sleep(PAUSE_MS)
  }
}

const serviceOf = ({ name }: Child): string => name.split(' ', 1)[0] as string

/** Of a control server that asks nobody who he is. */
export const endpointsAt =
  (controlUrl: string): EndpointsOf =>
  async (service, namespace) => {
    const response = await fetch(new URL(`/v1/services/${namespace}/${service}`, controlUrl))
    if (!response.ok) return []
    return ((await response.json()) as { endpoints: readonly { readonly port: number }[] }).endpoints
  }
