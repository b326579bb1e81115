import type { WorkloadPort, WorkloadRegistration } from '@weft/mesh-protocol'
import type { Lease } from '../discovery/lease.ts'
import type { Registrar } from '../discovery/registrar.ts'
import type { BoundAddress, Register, Registration } from '../inbound/registration.ts'

export interface RegistrationsDeps {
  /** What every registration of this process says, but for address and ports. */
  readonly workload: () => Omit<WorkloadRegistration, 'address' | 'ports'>
  /** Of the first address; further ones get a number behind it. */
  readonly workloadId: string
  readonly createRegistrar: (id: string, registration: WorkloadRegistration) => Registrar
}

/** One address of this process at the control server. */
export interface RegistrationStatus {
  readonly id: string
  readonly address: string
  readonly ports: readonly WorkloadPort[]
  readonly lease: Lease
}

/** What this process serves, at the control server: one workload for each address, with all ports served there. */
export interface Registrations {
  readonly register: Register
  /** The inbound policy is in force and all that is told is known: what is served may be told. Idempotent. */
  allow(): void
  /** Served ports that the control server does not have, in words; empty when it has all. */
  readonly pending: string
  /** What is served at the moment. */
  readonly served: readonly BoundAddress[]
  status(): readonly RegistrationStatus[]
  /** What a registration says of this process has changed. */
  tellAgain(): void
  controlIsBack(forgotten: boolean): void
  deregisterAll(): Promise<void>
}

interface Place {
  readonly id: string
  readonly address: string
  readonly ports: Set<WorkloadPort>
  registrar: Registrar | undefined
}

export function createRegistrations(deps: RegistrationsDeps): Registrations {
  const places = new Map<string, Place>()
  let count = 0
  let allowed = false

  const placeAt = (address: string): Place => {
    const known = places.get(address)
    if (known !== undefined) return known
    const id = count === 0 ? deps.workloadId : `${deps.workloadId}-${count}`
    count++
    const place: Place = { id, address, ports: new Set(), registrar: undefined }
    places.set(address, place)
    return place
  }
  const tell = (place: Place): void => {
    if (!allowed || place.ports.size === 0) return
    const registration = { ...deps.workload(), address: place.address, ports: [...place.ports] }
    if (place.registrar === undefined) place.registrar = deps.createRegistrar(place.id, registration)
    else place.registrar.replace(registration)
  }
  const leave = async (place: Place, ports: readonly WorkloadPort[]): Promise<void> => {
    for (const port of ports) place.ports.delete(port)
    if (place.ports.size > 0) return tell(place)
    if (places.get(place.address) === place) places.delete(place.address)
    await place.registrar?.deregister()
  }
  const isRegistered = ({ registrar }: Place): boolean => registrar?.lease.kind === 'registered'

  return {
    allow() {
      if (allowed) return
      allowed = true
      for (const place of places.values()) tell(place)
    },
    register({ address, ports }: BoundAddress): Registration {
      const place = placeAt(address)
      for (const port of ports) place.ports.add(port)
      tell(place)
      let left: Promise<void> | undefined
      return {
        get registered() {
          return left === undefined && isRegistered(place)
        },
        deregister() {
          left ??= leave(place, ports)
          return left
        },
      }
    },
    get pending() {
      return [...places.values()]
        .filter((place) => !isRegistered(place))
        .map(({ address, registrar }) => `${address}: ${registrar?.lease.error ?? 'not yet told'}`)
        .join(', ')
    },
    get served() {
      return [...places.values()].map(({ address, ports }) => ({ address, ports: [...ports] }))
    },
    tellAgain() {
      for (const place of places.values()) tell(place)
    },
    status: () =>
      [...places.values()].flatMap(({ id, address, ports, registrar }) =>
        registrar === undefined ? [] : [{ id, address, ports: [...ports], lease: registrar.lease }],
      ),
    controlIsBack(forgotten) {
      for (const { registrar } of places.values()) registrar?.controlIsBack(forgotten)
    },
    async deregisterAll() {
      await Promise.all([...places.values()].map((place) => leave(place, [...place.ports])))
    },
  }
}
