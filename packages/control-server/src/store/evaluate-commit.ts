import type { Change, Compare, Entry, Operation } from './store.ts'

export type Evaluation =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly conflicts: readonly Compare[] }

/**
 * What a commit would change if it got `revision`. Operations on one key apply in order and come out as one change; what
 * leaves a key as it was is no change at all.
 */
export function evaluateCommit(
  read: (key: string) => Entry | undefined,
  revision: number,
  compares: readonly Compare[],
  operations: readonly Operation[],
): Evaluation {
  const conflicts = compares.filter(({ key, modRevision }) => (read(key)?.modRevision ?? 0) !== modRevision)
  if (conflicts.length > 0) return { ok: false, conflicts }
  const after = new Map<string, Entry | undefined>()
  for (const operation of operations) {
    after.set(
      operation.key,
      operation.type === 'delete' ? undefined : written(read(operation.key), operation, revision),
    )
  }
  const changes: Change[] = []
  for (const [key, entry] of after) {
    const previous = read(key)
    if (!sameContent(previous, entry)) changes.push({ key, entry, previous })
  }
  return { ok: true, changes }
}

function written(
  previous: Entry | undefined,
  { key, value, leaseId }: Extract<Operation, { type: 'put' }>,
  revision: number,
): Entry {
  return { key, value, createRevision: previous?.createRevision ?? revision, modRevision: revision, leaseId }
}

function sameContent(a: Entry | undefined, b: Entry | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.value === b.value && a.leaseId === b.leaseId)
}
