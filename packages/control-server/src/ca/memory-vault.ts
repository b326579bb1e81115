import type { AuthorityState, RootVault } from './root-vault.ts'

/** Keeps the authority for the life of the process. */
export function memoryVault(): RootVault {
  let kept: AuthorityState | undefined
  let made = 0
  return {
    load: async () => kept,
    newRootId: async () => `root-${++made}`,
    save: async (state) => {
      kept = state
    },
  }
}
