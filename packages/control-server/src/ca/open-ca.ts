import path from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Timers } from '../kernel/timers.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'
import type { Operation, Store } from '../store/store.ts'
import { CertificateAuthority, type TrustNames } from './authority.ts'
import { type BuiltInSignerOptions, makeBuiltInSigner, openBuiltInSigner } from './built-in-signer.ts'
import { CaError } from './ca-error.ts'
import { CertificateIssuer } from './certificate-issuer.ts'
import { CertificateRecords } from './certificate-records.ts'
import { DirectoryVault } from './directory-vault.ts'
import { checkDirectory } from './guarded-files.ts'
import { type IssuedCertificates, issuedCertificates } from './issued-certificates.ts'
import { memoryVault } from './memory-vault.ts'
import { openOperatorSigner } from './operator-signer.ts'
import { type RevocationChange, Revocations } from './revocations.ts'
import { makeSerial } from './serial.ts'
import type { Signer } from './signer.ts'
import type { TrustReach } from './trust-source.ts'

export interface CaOptions {
  readonly store: Store
  /** Where the built-in authority is kept; `undefined`: in memory. */
  readonly dataDir: string | undefined
  /** Of an operator's intermediate, in place of the built-in authority. */
  readonly caDir: string | undefined
  /** An outside authority, in place of both. */
  readonly signer: Signer | undefined
  readonly certificateTtlMs: number
  readonly names: () => TrustNames
  readonly reach: TrustReach
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** What has to be in the commit of revocations, so that it is known who made them. */
  readonly record: (changes: readonly RevocationChange[]) => readonly Operation[]
}

/** The certificate authority with all that belongs to it. */
export interface Ca {
  readonly authority: CertificateAuthority
  readonly records: CertificateRecords
  readonly revocations: Revocations
  readonly issuer: CertificateIssuer
  readonly issued: IssuedCertificates
  close(): void
}

/** Rejects with a `CaError` where an authority is there and cannot be used. Makes none. */
export async function openCa(options: CaOptions): Promise<Ca> {
  const { store, clock, timers, logger, certificateTtlMs } = options
  const wallNow = (): number => clock.wallNow()
  const onError = (error: unknown): void =>
    logger.warn('records of certificates were not reviewed', { error: String(error) })
  const records = await CertificateRecords.open({ store, timers, wallNow, onError })
  const revocations = await Revocations.open({ store, records, timers, wallNow, onError, record: options.record })
  const close = (): void => {
    revocations.close()
    records.close()
  }
  try {
    const authority = await openAuthority(options, records)
    return {
      authority,
      records,
      revocations,
      issuer: new CertificateIssuer({ authority, records, revocations, ttlMs: certificateTtlMs, wallNow }),
      issued: issuedCertificates(records, revocations),
      close() {
        authority.close()
        close()
      },
    }
  } catch (error) {
    close()
    throw error
  }
}

function openAuthority(options: CaOptions, records: CertificateRecords): Promise<CertificateAuthority> {
  const { dataDir, caDir, signer, names, reach, clock, timers, logger, certificateTtlMs } = options
  const wallNow = (): number => clock.wallNow()
  const directory = dataDir === undefined ? undefined : path.join(dataDir, 'ca')
  const builtIn: BuiltInSignerOptions = {
    vault: directory === undefined ? memoryVault() : new DirectoryVault(directory, wallNow),
    clock,
    timers,
    logger,
    makeSerial,
    certificateTtlMs,
    isKnown: () => reach.allAcked(),
    lastEndsMs: () => records.lastEndsMs(),
  }
  return CertificateAuthority.open({
    open: async () =>
      signer ??
      (caDir === undefined
        ? openKeptSigner(builtIn, directory)
        : openOperatorSigner({ directory: caDir, clock, timers, logger })),
    make: () => makeBuiltInSigner(builtIn),
    names,
    clock,
    timers,
    logger,
    makeSerial,
  })
}

/**
 * A new root takes the place of one that nothing has needed, and never of one that is lost: every process of the mesh would be
 * cut off from those that start later. Who means that makes the directory.
 */
async function openKeptSigner(
  options: BuiltInSignerOptions,
  directory: string | undefined,
): Promise<Signer | undefined> {
  const kept = await openBuiltInSigner(options)
  if (kept !== undefined || directory === undefined || options.lastEndsMs() <= options.clock.wallNow()) return kept
  if (await checkDirectory(directory)) return undefined
  throw new CaError(
    'WEFT_CA_KEY_LOST',
    `${directory} is not there, but certificates of the mesh are good until ${formatTimestamp(options.lastEndsMs())}: put it back from your backup. ` +
      `To begin with another root, which no running workload believes, make it: "mkdir -m 700 ${directory}".`,
  )
}
