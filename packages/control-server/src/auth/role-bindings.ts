import { parseSpiffeId, type Result, type Violation } from '@weft/mesh-protocol'
import { isDnsSubdomain } from '../config/names.ts'
import { followPrefix } from '../store/follow-prefix.ts'
import { ROLES as ROLE_KEYS, roleKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import type { AuditChange } from './audit-entry.ts'
import type { Grant, Role } from './caller.ts'
import { checkFields, listOf, textThat } from './fields.ts'
import { ROLE_FIELDS, withUsefulNamespaces } from './token-spec.ts'

/** Gives identities of the mesh a role in the API. */
export interface RoleBinding extends Grant {
  /** `spiffe://trust-domain/ns/namespace/sa/service-account`, each. */
  readonly identities: readonly string[]
}

export interface NamedBinding extends RoleBinding {
  readonly name: string
}

export interface RoleBindingsOptions {
  readonly store: Store
  readonly audit: (changes: readonly AuditChange[]) => readonly Operation[]
}

const MAX_IDENTITIES = 1_000
const MAX_ROUNDS = 20

/** From little to all. */
const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

const identity = textThat(
  (text) => parseSpiffeId(text) !== undefined,
  'must be spiffe://trust-domain/ns/namespace/sa/service-account',
)

export function parseRoleBinding(value: unknown): Result<RoleBinding, readonly Violation[]> {
  const checks = { ...ROLE_FIELDS, identities: listOf(identity, MAX_IDENTITIES) }
  const checked = checkFields<RoleBinding>(value, checks, ['role', 'identities'])
  return checked.ok ? withUsefulNamespaces(checked.value) : checked
}

export const isRoleName: (name: string) => boolean = isDnsSubdomain

/** Roles by name, held in memory as they stand in the store. */
export class RoleBindings {
  private readonly options: RoleBindingsOptions
  private readonly bindings = new Map<string, RoleBinding>()
  private unwatch: () => void = () => undefined

  static async follow(options: RoleBindingsOptions): Promise<RoleBindings> {
    const roles = new RoleBindings(options)
    roles.unwatch = await followPrefix(options.store, ROLE_KEYS, (key, entry) => roles.take(nameOf(key), entry))
    return roles
  }

  private constructor(options: RoleBindingsOptions) {
    this.options = options
  }

  get(name: string): NamedBinding | undefined {
    const binding = this.bindings.get(name)
    return binding && { name, ...binding }
  }

  /** By name. */
  list(): readonly NamedBinding[] {
    return [...this.bindings]
      .map(([name, binding]) => ({ name, ...binding }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * What an identity was given under any of its names; of several bindings the highest role, and within it every namespace.
   */
  grantOf(spiffeIds: readonly string[]): Grant | undefined {
    const isNamed = (name: string): boolean => spiffeIds.includes(name)
    const found = [...this.bindings.values()].filter(({ identities }) => identities.some(isNamed))
    const [first] = found.toSorted((a, b) => RANK[b.role] - RANK[a.role])
    if (first === undefined) return undefined
    const same = found.filter(({ role }) => role === first.role)
    if (same.some(({ namespaces }) => namespaces === undefined)) return { role: first.role }
    return { role: first.role, namespaces: same.flatMap(({ namespaces = [] }) => namespaces) }
  }

  /** True: there was none of that name. */
  async set(name: string, binding: RoleBinding, principal: string): Promise<boolean> {
    const before = await this.write(name, principal, binding)
    return before === undefined
  }

  /** False: there was none. */
  async delete(name: string, principal: string): Promise<boolean> {
    return (await this.write(name, principal, undefined)) !== undefined
  }

  close(): void {
    this.unwatch()
  }

  private async write(
    name: string,
    principal: string,
    after: RoleBinding | undefined,
  ): Promise<RoleBinding | undefined> {
    const { store, audit } = this.options
    const key = roleKey(name)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entry = await store.get(key)
      const before = entry && (JSON.parse(entry.value) as RoleBinding)
      const value = after && JSON.stringify(after)
      if (entry?.value === value) return before
      const verb = before === undefined ? 'create' : after === undefined ? 'delete' : 'update'
      const result = await store.commit(
        [{ key, modRevision: entry?.modRevision ?? 0 }],
        [
          value === undefined ? { type: 'delete', key } : { type: 'put', key, value },
          ...audit([{ principal, verb, resource: { kind: 'Role', name }, before, after }]),
        ],
      )
      if (result.ok) return before
    }
    throw new Error(`the role ${name} was changed by others ${MAX_ROUNDS} times while it was being written`)
  }

  private take(name: string, entry: Entry | undefined): void {
    if (entry === undefined) this.bindings.delete(name)
    else this.bindings.set(name, JSON.parse(entry.value) as RoleBinding)
  }
}

const nameOf = (key: string): string => key.slice(ROLE_KEYS.length)
